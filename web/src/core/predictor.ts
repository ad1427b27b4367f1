// From a picture and boxes to hands: the counterpart of likelihand/inference/predictor.py.

import type { Constants } from "./constants";
import type { Detection, Outputs, RunCrops } from "./detection";
import { withoutDuplicates } from "./duplicates";
import {
  allFinite,
  type Box,
  boxLength,
  boxOfPoints,
  type Covariance,
  invert,
  type Matrix,
  type Point,
  transformCovariance,
  transformPoint,
} from "./geometry";
import type { Hand, Side } from "./hand";
import { chooseCalibration, type Metadata } from "./metadata";
import { type Answer, beyondEdge, type Look, lookMatrix, mergeAnswers } from "./tta";
import { type Calibration, chanceWithin, edgeNearness, GAUSSIAN, sizeOfHand } from "./uncertainty";
import { type Picture, warpInto } from "./warp";

/** What one look says: by the calibration in use, and by the judge's. */
type View = readonly [Answer, Answer];

export type Detect = (image: Picture) => Promise<readonly Detection[]>;

export interface PredictorOptions {
  /** Crops of a hand, turned and mirrored, whose answers are joined. */
  readonly looks: number;
  /** Kind of pictures that regions are to hold on, as "photos"; the model's default where it is not given. */
  readonly calibration?: string | null;
  /** Whether the boxes are those of a film's tracks, which hold all points of the frame before. */
  readonly films?: boolean;
  /** Crops in one call of the network. */
  readonly batchSize?: number;
}

/** Finds the keypoints of the hands in a picture, and how sure it is of each. */
export class Predictor {
  private readonly batchSize: number;
  private readonly calibration: Calibration | null;
  /** States the clarity, whichever calibration is asked for. */
  private readonly judge: Calibration | null;

  constructor(
    private readonly run: RunCrops,
    private readonly metadata: Metadata,
    private readonly constants: Constants,
    private readonly options: PredictorOptions,
  ) {
    this.batchSize = options.batchSize ?? 4;
    const { narrowest } = constants.uncertainty;
    this.calibration = chooseCalibration(metadata, options.calibration ?? null, options.looks, narrowest);
    const rendered = metadata.calibrations.some((c) => c.name === "rendered") ? "rendered" : null;
    this.judge = chooseCalibration(metadata, rendered, 1, narrowest);
  }

  /** Predict the hands that a detector finds. */
  async find(image: Picture, detections: readonly Detection[]): Promise<Hand[]> {
    const { presence, score, confidence, same_hand } = this.constants.predictor;
    const [hands, found] = await this.approach(image, detections);
    const certain = this.certain(hands, found, presence, score).map(([hand]) => hand);
    return withoutDuplicates(
      certain.filter((hand) => (hand.clarity ?? 1) >= confidence),
      same_hand,
    );
  }

  /** Predict the hands in boxes, one a box, in their order. */
  async boxes(image: Picture, boxes: readonly Box[]): Promise<Hand[]> {
    const sides = boxes.map(() => null);
    return this.joined(image, await this.views(image, boxes, this.looks), boxes, sides);
  }

  private get looks(): readonly Look[] {
    return this.constants.predictor.looks.slice(0, this.options.looks);
  }

  /**
   * Look at what was found in boxes that fit better and better; return what deserved it, and its hands.
   *
   * A glance at the detector's box, a plain look around the glance's points, the other looks around that look's. Doubles
   * are left out after the glance, and what is so little of a hand that no further look could save it.
   */
  private async approach(image: Picture, found: readonly Detection[]): Promise<[Hand[], readonly Detection[]]> {
    const { presence, glance, same_hand } = this.constants.predictor;
    const [plain, others] = [this.looks.slice(0, 1), this.looks.slice(1)];
    const boxes = found.map((f) => f.box);
    const glances = this.joined(image, await this.views(image, boxes, plain), boxes, sidesOf(found));
    if (others.length === 0) return [glances, found];
    const certain = this.certain(glances, found, Math.min(glance, presence), 0);
    const kept = new Set(
      withoutDuplicates(
        certain.map(([hand]) => hand),
        same_hand,
      ),
    );
    const pairs = certain.filter(([hand]) => kept.has(hand));
    const worth = pairs.map(([, f]) => f);
    const near = pairs.map(([hand]) => nextBox(hand));
    const first = await this.views(image, near, plain);
    const closer = this.joined(image, first, near, sidesOf(worth)).map(nextBox);
    const rest = await this.views(image, closer, others);
    const both = first.map((views, i) => [...views, ...rest[i]!]);
    return [this.joined(image, both, closer, sidesOf(worth)), worth];
  }

  /** Take the hands of enough presence and finite points, scored together with what the detector found. */
  private certain(
    hands: readonly Hand[],
    found: readonly Detection[],
    presence: number,
    score: number,
  ): [Hand, Detection][] {
    return hands.flatMap((hand, i): [Hand, Detection][] => {
      const both = Math.sqrt(hand.score * found[i]!.score);
      const good = hand.score >= presence && both >= score && allFinite(hand.points);
      return good ? [[{ ...hand, score: both }, found[i]!]] : [];
    });
  }

  /** Take every look at every box; return the looks' answers for each box. */
  private async views(image: Picture, boxes: readonly Box[], looks: readonly Look[]): Promise<View[][]> {
    const { size, padding } = this.metadata;
    const { touch, beyond, beyond_in_films } = this.constants.predictor;
    const reach = this.options.films ? beyond_in_films : beyond;
    const reaching = boxes.map((box) => (reach ? beyondEdge(box, image.width, image.height, touch, reach) : box));
    const matrices = reaching.flatMap((box) => looks.map((look) => lookMatrix(look, box, size, padding)));
    const answers = await this.answers(image, matrices);
    return boxes.map((_, i) => answers.slice(i * looks.length, (i + 1) * looks.length));
  }

  /** Make one hand of the answers for each box. */
  private joined(
    image: Picture,
    groups: readonly View[][],
    boxes: readonly Box[],
    sides: readonly (Side | null)[],
  ): Hand[] {
    return groups.map((own, i) => {
      const merged = mergeAnswers(own.map(([told]) => told));
      const judged = mergeAnswers(own.map(([, judge]) => judge));
      return this.hand(merged, judged, boxes[i]!, sides[i]!, image);
    });
  }

  /** State in the end what the looks together say; `judged` is what they say by the judge's calibration. */
  private hand(
    { points, covariance, presence, right }: Answer,
    judged: Answer,
    box: Box,
    told: Side | null,
    image: Picture,
  ): Hand {
    const { calibration, judge } = this;
    const size = sizeOfHand(points);
    const { reach, directions, edge } = this.constants.uncertainty;
    const near = edgeNearness(points, image.width, image.height, edge);
    const nearest = Math.max(...near);
    const own = sizeOfHand(judged.points);
    const chances = judge
      ? judged.covariance.map((c) => chanceWithin(reach * own, judge.stated(c, own), judge.radial, directions))
      : [1];
    return {
      points,
      covariance: calibration
        ? covariance.map((c, k) => calibration.stated(c, size, near[k]!, nearest))
        : covariance,
      box,
      side: this.side(right, told),
      score: presence,
      radial: calibration?.radial ?? GAUSSIAN,
      clarity: chances.reduce((sum, c) => sum + c, 0) / chances.length,
    };
  }

  /** Run the crops that matrices cut out, some at a time; take the answers to image pixels by both calibrations. */
  private async answers(image: Picture, matrices: readonly Matrix[]): Promise<View[]> {
    const { size } = this.metadata;
    const length = size.height * size.width * 3;
    const answers: View[] = [];
    for (let start = 0; start < matrices.length; start += this.batchSize) {
      const batch = matrices.slice(start, start + this.batchSize);
      const crops = new Uint8ClampedArray(batch.length * length);
      batch.forEach((matrix, i) => {
        warpInto(crops, i * length, image, matrix, size);
      });
      const outputs = await this.run(new Uint8Array(crops.buffer), batch.length);
      batch.forEach((matrix, i) => {
        const by = (calibration: Calibration | null): Answer =>
          decodeAnswer(outputs, i, matrix, this.metadata, calibration);
        answers.push([by(this.calibration), by(this.judge)]);
      });
    }
    return answers;
  }

  /** Weigh the model's chance of a right hand, where it says one, against the detector's word. */
  private side(right: number | null, told: Side | null): Side | null {
    if (right === null) return told;
    const trust = this.constants.predictor.detector_side;
    const chance = Math.min(Math.max(right, 1e-6), 1 - 1e-6);
    const prior = told === null ? 0.5 : told === "right" ? trust : 1 - trust;
    return chance * prior >= (1 - chance) * (1 - prior) ? "right" : "left";
  }
}

/** Take one crop's answer to image pixels; a mirrored crop shows the other side. */
export function decodeAnswer(
  outputs: Outputs,
  index: number,
  cropFromImage: Matrix,
  metadata: Metadata,
  calibration: Calibration | null,
): Answer {
  const count = metadata.keypoints.length;
  const back = invert(cropFromImage);
  const longer = Math.max(metadata.size.height, metadata.size.width);
  const pair = (values: Float32Array, k: number): Point => {
    const at = 2 * (index * count + k);
    return [values[at]!, values[at + 1]!];
  };
  const density = (k: number): Covariance => {
    const scale = pair(outputs.scale!, k);
    if (!calibration) return [scale[0] ** 2, 0, scale[1] ** 2];
    const at = 4 * (index * count + k);
    const spread = outputs.spread;
    return calibration.covariance(scale, spread ? [spread[at]!, spread[at + 1]!, spread[at + 3]!] : null, longer);
  };
  const keypoints = Array.from({ length: count }, (_, k) => k);
  const mirrored = cropFromImage[0] * cropFromImage[4] < cropFromImage[1] * cropFromImage[3];
  const right = outputs.side ? outputs.side[index]! : null;
  return {
    points: keypoints.map((k) => transformPoint(back, pair(outputs.points!, k))),
    covariance: keypoints.map((k) => transformCovariance(back, density(k))),
    presence: outputs.presence ? outputs.presence[index]! : 1,
    right: mirrored && right !== null ? 1 - right : right,
  };
}

/** Return where to look next: the tight box of the points, or the old box where the points are of no use. */
export function nextBox(hand: Hand): Box {
  if (!allFinite(hand.points)) return hand.box;
  const tight = boxOfPoints(hand.points);
  const wide = tight[2] > tight[0] && tight[3] > tight[1] && boxLength(tight) >= 0.1 * boxLength(hand.box);
  return wide ? tight : hand.box;
}

function sidesOf(found: readonly Detection[]): (Side | null)[] {
  return found.map((f) => f.side);
}
