import numpy as np
import pytest
import torch

from likelihand.apps.study.methods import L1, MLE, RLE
from likelihand.apps.study.scoring import Said, ask, gradient_share, learnt, mean_pose, precision, scores
from likelihand.apps.study.setting import Setting
from likelihand.data.drawn import DrawnHands
from likelihand.data.noise import Outliers, SpoiltLabels
from likelihand.evaluation import EveryStage, Function, evaluate
from likelihand.inference.metadata import ModelMetadata
from likelihand.losses import IntegralLoss
from likelihand.ops.heatmaps import Prediction
from likelihand.training import TrainConfig

SETTING = Setting(
    backbone="test_resnet", weights=None, frozen=0, width=8, train=TrainConfig(size=64, device="cpu"),
)  # fmt: skip
HANDS = DrawnHands(70, size=64)


def test_scores_are_those_of_the_one_evaluation():
    torch.manual_seed(0)
    network = MLE.network(SETTING)
    told = scores(ask(network, MLE.loss(SETTING), HANDS, SETTING, range(70)))
    report = evaluate(EveryStage(network, ModelMetadata(size=(64, 64))), HANDS, progress=False).to_json()
    assert np.mean(told["nme"]) == pytest.approx(report["total"]["nme"], abs=1e-4)
    assert np.mean(told["pck"]) == pytest.approx(report["total"]["pck"]["0.2"], abs=1e-4)
    assert told["by_stage"] == pytest.approx([stage["nme"] for stage in report["by_stage"]], abs=1e-6)
    assert told["by_keypoint"] == pytest.approx([k["nme"] for k in report["by_keypoint"].values()], abs=1e-6)
    assert told["auc"] == pytest.approx(report["total"]["auc"], abs=1e-6)
    assert told["curve"] == pytest.approx(report["total"]["curve"], abs=1e-4)


class Oracle(torch.nn.Module):
    """Answers what it is told, in crop pixels."""

    def __init__(self, points):
        super().__init__()
        self.points, self.place = points, 0

    def forward(self, crops):
        mean = self.points[self.place : self.place + len(crops)]
        self.place += len(crops)
        return [Prediction(mean.new_empty(*mean.shape[:2], 0, 0), mean, torch.zeros_like(mean))]


def crops_of(dataset):
    from likelihand.data.augment import sample_of

    return torch.from_numpy(
        np.stack([sample_of(dataset.record(i), i, (64, 64)).target for i in range(len(dataset))])
    )


def truth_of(dataset):
    return np.stack([dataset.record(i).points for i in range(len(dataset))])


def test_a_network_that_knows_its_labels_by_heart_is_found_out():
    spoilt = SpoiltLabels(HANDS, Outliers(0.4))
    said = ask(Oracle(crops_of(spoilt)), IntegralLoss(), spoilt, SETTING, range(70))
    told = learnt(said, truth_of(HANDS))
    assert told["train_label"] == pytest.approx(0, abs=1e-5) and told["wrong_label"] == pytest.approx(0, abs=1e-5)
    assert told["fitted"] == 1.0 and told["kept"] == 0.0
    assert 0.3 < told["wrong"] < 0.45 and told["wrong_truth"] > 0.3


def test_a_network_that_sees_through_wrong_labels_audits_them():
    spoilt = SpoiltLabels(HANDS, Outliers(0.4))
    said = ask(Oracle(crops_of(HANDS)), IntegralLoss(), spoilt, SETTING, range(70))
    told = learnt(said, truth_of(HANDS))
    assert told["train_truth"] == pytest.approx(0, abs=1e-5) and told["wrong_truth"] == pytest.approx(0, abs=1e-5)
    assert told["kept"] == 1.0 and told["fitted"] < 0.02 and told["found"] == pytest.approx(1.0, abs=0.01)
    assert "found" not in learnt(
        ask(Oracle(crops_of(HANDS)), IntegralLoss(), HANDS, SETTING, range(70)), truth_of(HANDS)
    )


def test_errors_are_in_lengths_of_the_right_hand():
    truth = np.zeros((1, 21, 2))
    truth[0, 0] = (40.0, 10.0)
    labels = truth.copy()
    labels[0, 3] = (0.0, 20.0)
    points = truth.copy()
    points[0, 3] = (0.0, 4.0)
    said = Said(points[None], labels, np.ones((1, 21), bool), np.array([99.0]), np.zeros((1, 21)))
    told = learnt(said, truth)
    assert told["wrong"] == pytest.approx(1 / 21)
    assert (told["wrong_truth"], told["wrong_label"]) == pytest.approx((0.1, 0.4))
    assert told["kept"] == 0.0 and told["fitted"] == 0.0


def test_precision_counts_as_many_as_are_wrong():
    assert precision([3.0, 2.0, 1.0, 0.0], [True, False, True, False]) == 0.5
    assert precision([3.0, 2.0, 1.0, 0.0], [True, True, False, False]) == 1.0


def test_labels_outside_the_crop_are_not_audited():
    class Outside(DrawnHands):
        def record(self, index):
            record = super().record(index)
            record.points[0] = (-500.0, -500.0)
            return record

    said = ask(Oracle(crops_of(Outside(3, size=64))), IntegralLoss(), Outside(3, size=64), SETTING, range(3))
    assert np.isnan(said.loss[:, 0]).all() and np.isfinite(said.loss[:, 1:]).all()


def test_the_mean_pose_is_the_best_constant_in_the_crop():
    said = mean_pose(HANDS, HANDS, SETTING)
    told, answer = scores(said), crops_of(HANDS).numpy()
    square = np.square(answer - answer.mean(0)).mean()
    assert square < np.square(answer - 32.0).mean()
    constant = Function(lambda c: np.broadcast_to(answer.mean(0), (len(c), 21, 2)), (64, 64))
    middle = evaluate(constant, HANDS, progress=False)
    assert np.mean(told["nme"]) == pytest.approx(middle.scores.nme, abs=1e-4)


def test_the_helpers_share_is_told():
    torch.manual_seed(0)
    network, loss = L1.network(SETTING), L1.training_loss(SETTING, 100)
    loss.set_step(25)
    told = gradient_share(network, loss, HANDS, SETTING, count=8)
    assert told["helper"] == 2.0 and told["helper_weight"] > 0
    assert gradient_share(RLE.network(SETTING), RLE.loss(SETTING), HANDS, SETTING) == {}
