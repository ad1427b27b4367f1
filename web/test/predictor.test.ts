import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Detector, partsOf, type RunCrops } from "../src/core/detection";
import { withoutDuplicates } from "../src/core/duplicates";
import type { Box } from "../src/core/geometry";
import { confidenceOf, type Hand } from "../src/core/hand";
import { calibrationNames, calibrationsOf, type Metadata, readMetadata } from "../src/core/metadata";
import { Predictor } from "../src/core/predictor";
import { lookMatrix, mergeAnswers } from "../src/core/tta";
import { GAUSSIAN } from "../src/core/uncertainty";
import { constants, farthest, golden, picture } from "./golden";

interface Call {
  sum: number;
  outputs: Record<string, number[]>;
}

/** Give the recorded answers, a crop each, and note how far the crops' sums are from Python's. */
function replay(calls: readonly Call[]): { run: RunCrops; left: () => number; away: () => number } {
  let next = 0;
  let away = 0;
  const run: RunCrops = async (crops, count) => {
    const length = crops.length / count;
    const taken = calls.slice(next, next + count);
    taken.forEach((call, i) => {
      const sum = crops.subarray(i * length, (i + 1) * length).reduce((a, b) => a + b, 0);
      away = Math.max(away, Math.abs(sum - call.sum) / length);
    });
    next += count;
    const names = Object.keys(taken[0]!.outputs);
    return Object.fromEntries(names.map((n) => [n, Float32Array.from(taken.flatMap((c) => c.outputs[n]!))]));
  };
  return { run, left: () => calls.length - next, away: () => away };
}

function metadata(json: { size: [number, number]; calibrations: never }): Metadata {
  const size = { height: json.size[0], width: json.size[1] };
  return { ...json, size, calibrations: calibrationsOf(json.calibrations) } as unknown as Metadata;
}

test("the detector finds what Python's finds, in the same parts", async () => {
  const meta = metadata(golden.detections.metadata);
  for (const c of golden.detections.cases) {
    const replayed = replay(c.calls);
    const detector = new Detector(replayed.run, meta, constants.detection, meta.threshold, c.tiles);
    const image = { height: c.height, width: c.width, data: new Uint8Array(c.height * c.width * 4) };
    const found = await detector.detect(image);
    expect(replayed.left()).toBe(0);
    expect(found.map((f) => f.side)).toEqual(c.found.map((f: { side: string }) => f.side));
    expect(
      farthest(
        found.map((f) => [...f.box]),
        c.found.map((f: { box: number[] }) => f.box),
      ),
    ).toBeLessThan(1e-4);
    expect(
      farthest(
        found.map((f) => f.score),
        c.found.map((f: { score: number }) => f.score),
      ),
    ).toBeLessThan(1e-6);
  }
  const { parts, shared } = constants.detection;
  const mine = parts.flatMap((share) => partsOf({ height: 480, width: 640 }, share, shared));
  expect(farthest(mine, golden.detections.parts)).toBeLessThan(1e-6);
});

test("hands are Python's, from detections to thresholds, with one look and several", async () => {
  const meta = metadata(golden.predictions.metadata);
  const image = picture(golden.predictions.image);
  for (const c of golden.predictions.cases) {
    const replayed = replay(c.calls);
    const own = { ...constants, predictor: { ...constants.predictor, ...c.least } };
    const predictor = new Predictor(replayed.run, meta, own, { looks: c.looks, calibration: c.calibration });
    const hands = await predictor.find(image, golden.predictions.found);
    expect(replayed.left()).toBe(0);
    expect(replayed.away()).toBeLessThan(0.01); // mean difference of a crop's levels
    expect(hands.length).toBe(c.hands.length);
    hands.forEach((hand, i) => {
      const truth = c.hands[i];
      expect(hand.side).toBe(truth.side);
      expect(hand.clarity).toBeCloseTo(truth.clarity, 5);
      expect(hand.score).toBeCloseTo(truth.score, 6);
      expect(farthest(hand.points, truth.points)).toBeLessThan(1e-4);
      expect(farthest(hand.covariance, truth.covariance)).toBeLessThan(1e-3);
      expect(farthest(confidenceOf(hand, constants.uncertainty), truth.confidence)).toBeLessThan(1e-5);
      expect(farthest([...hand.box], truth.box)).toBeLessThan(1e-4);
    });
  }
});

test("a calibration of another base does not change a hand's clarity", async () => {
  const known = metadata(golden.predictions.metadata);
  const mine = { ...known.calibrations[0]!, name: "mine", looks: 1, scale: 0.5, spread: 0, offset: 0.7 };
  const meta = { ...known, calibrations: [...known.calibrations, mine] };
  const calls = golden.predictions.cases[0].calls.slice(0, 1);
  const hands = ["rendered", "mine"].map(async (calibration) => {
    const predictor = new Predictor(replay(calls).run, meta, constants, { looks: 1, calibration });
    return (await predictor.boxes(picture(golden.predictions.image), [[10, 20, 90, 70]]))[0]!;
  });
  const [rendered, other] = await Promise.all(hands);
  expect(other!.clarity).toBe(rendered!.clarity);
  expect(farthest(other!.covariance, rendered!.covariance)).toBeGreaterThan(0.01);
});

test("several looks are merged as Python merges them", () => {
  const { answers, merged, matrices } = golden.merges;
  const mine = mergeAnswers(answers);
  expect(farthest(mine.points, merged.points)).toBeLessThan(1e-5);
  expect(farthest(mine.covariance, merged.covariance)).toBeLessThan(1e-5);
  expect(mine.presence).toBeCloseTo(merged.presence, 12);
  expect(mine.right).toBeCloseTo(merged.right, 12);
  const box: Box = [10, 20, 90, 70];
  const looks = constants.predictor.looks.map((l) => lookMatrix(l, box, { height: 64, width: 64 }, 1.25));
  expect(farthest(looks, matrices)).toBeLessThan(1e-8);
});

test("of hands found twice the same ones are kept", () => {
  const hands: Hand[] = golden.duplicates.hands.map((h: object) => ({
    ...h,
    box: [0, 0, 0, 0],
    side: null,
    radial: GAUSSIAN,
  }));
  const kept = withoutDuplicates(hands, constants.predictor.same_hand);
  expect(kept.map((hand) => hands.indexOf(hand))).toEqual(golden.duplicates.kept);
});

test("calibrations are those of the file, also of an older one", () => {
  const meta = metadata(golden.predictions.metadata);
  expect(calibrationNames(meta)).toEqual(["photos", "rendered"]);
  expect(meta.calibrations.map((c) => [c.name, c.looks])).toEqual(golden.predictions.kinds);
  const { name: _, looks: __, factor: ___, added: ____, ...old } = golden.density.calibration;
  expect(calibrationsOf(old)).toMatchObject([{ name: "rendered", looks: 1, factor: 1, added: 0 }]);
  expect(calibrationsOf(null)).toEqual([]);
});

test("metadata is read out of the bundled files", () => {
  const read = (name: string): Metadata =>
    readMetadata(readFileSync(new URL(`../../src/likelihand/inference/weights/${name}.onnx`, import.meta.url)));
  expect(read("hand").kind).toBe("hand");
  expect(read("hand").keypoints).toEqual(constants.keypoints);
  expect(read("detect").outputs).toEqual(["scores", "boxes", "sides"]);
  expect(() => readMetadata(new Uint8Array([8, 1]))).toThrow("carries no likelihand metadata");
  expect(() => readMetadata(new Uint8Array([10, 99, 1]))).toThrow("cut off");
});
