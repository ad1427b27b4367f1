// From a whole picture to the boxes of its hands: the counterpart of likelihand/inference/detection.py.

import type { Constants } from "./constants";
import {
  type Box,
  boxArea,
  boxIou,
  boxLength,
  cropMatrix,
  invert,
  type Size,
  sharedArea,
  transformPoint,
} from "./geometry";
import type { Side } from "./hand";
import type { Metadata } from "./metadata";
import { type Picture, warpImage } from "./warp";

export type DetectionConstants = Constants["detection"];
export type Tiles = "never" | "empty" | "always";

export interface Detection {
  readonly box: Box;
  readonly side: Side | null;
  readonly score: number;
}

/** What a network answers: by name, values of the whole batch. */
export type Outputs = Readonly<Record<string, Float32Array>>;
/** Runs `count` crops of the network's size, RGB bytes one after the other. */
export type RunCrops = (crops: Uint8Array, count: number) => Promise<Outputs>;

interface Find {
  readonly box: Box;
  readonly right: number;
  readonly score: number;
}

/** Finds the hands of a picture, the surest first. */
export class Detector {
  constructor(
    private readonly run: RunCrops,
    private readonly metadata: Metadata,
    private readonly constants: DetectionConstants,
    private readonly threshold: number,
    private readonly tiles: Tiles,
  ) {}

  async detect(image: Picture): Promise<Detection[]> {
    let found = await this.look(image, [0, 0, image.width, image.height]);
    if (this.tiles === "always" || (this.tiles === "empty" && !found.length)) {
      for (const part of partsToLookAt(image, this.metadata.size, this.constants)) {
        found = found.concat(await this.look(image, part));
      }
    }
    return distinct(found, this.constants)
      .slice(0, this.constants.limit)
      .map((i) => this.detection(found[i]!));
  }

  /** Find hands in a region; those that a region's edge inside the picture cuts are left out. */
  private async look(image: Picture, region: Box): Promise<Find[]> {
    const { size } = this.metadata;
    const matrix = cropMatrix(region, size, 1);
    const outputs = await this.run(warpImage(image, matrix, size), 1);
    const scores = outputs.scores!;
    // The grid's shape follows from the crop's: the cells are square.
    const width = Math.round(Math.sqrt((scores.length * size.width) / size.height));
    const back = invert(matrix);
    return findPeaks(scores, width, this.threshold)
      .map((cell) => {
        const [a, b, c, d] = outputs.boxes!.subarray(4 * cell, 4 * cell + 4);
        const box: Box = [...transformPoint(back, [a!, b!]), ...transformPoint(back, [c!, d!])];
        return { box, right: outputs.sides![cell]!, score: scores[cell]! };
      })
      .filter((find) => !isCut(find.box, region, image, this.constants.near));
  }

  private detection({ box, right, score }: Find): Detection {
    const clear = Math.max(right, 1 - right) >= this.constants.clear;
    return { box, side: clear ? (right >= 0.5 ? "right" : "left") : null, score };
  }
}

/** Return the square parts of a picture that show more than the whole did. */
export function partsToLookAt(image: Size, size: Size, constants: DetectionConstants): Box[] {
  const least = (constants.worth * Math.max(size.height, size.width)) / Math.max(image.height, image.width);
  return constants.parts
    .filter((share) => share >= least)
    .flatMap((share) => partsOf(image, share, constants.shared));
}

/** Return square parts of a picture that cover it, neighbours overlapping by `shared` or more. */
export function partsOf({ height, width }: Size, share: number, shared: number): Box[] {
  const side = share * Math.max(height, width);
  const starts = (length: number): number[] => {
    const beyond = Math.max(length - side, 0);
    const steps = Math.ceil(beyond / (side * (1 - shared)) - 1e-9);
    return Array.from({ length: steps + 1 }, (_, i) => (beyond * i) / Math.max(steps, 1));
  };
  return starts(height).flatMap((y) =>
    starts(width).map((x): Box => [x, y, Math.min(x + side, width), Math.min(y + side, height)]),
  );
}

const ROUNDING = 0.5; // pixels by which a sum of lengths may miss the picture's own edge, with room to spare

/** Return whether an edge of its region, other than the picture's own, cuts a box or may have cut it. */
function isCut(box: Box, region: Box, image: Size, near: number): boolean {
  const reach = -near * boxLength(box);
  return (
    (region[0] > 0 && region[0] - box[0] > reach) ||
    (region[1] > 0 && region[1] - box[1] > reach) ||
    (region[2] < image.width - ROUNDING && box[2] - region[2] > reach) ||
    (region[3] < image.height - ROUNDING && box[3] - region[3] > reach)
  );
}

/** Return the cells of at least the threshold that no neighbour exceeds, row by row. */
export function findPeaks(scores: ArrayLike<number>, width: number, threshold: number): number[] {
  const height = scores.length / width;
  const isPeak = (cell: number): boolean => {
    const [row, column] = [Math.floor(cell / width), cell % width];
    for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, height - 1); y++) {
      for (let x = Math.max(column - 1, 0); x <= Math.min(column + 1, width - 1); x++) {
        if (scores[y * width + x]! > scores[cell]!) return false;
      }
    }
    return true;
  };
  return Array.from({ length: scores.length }, (_, cell) => cell).filter(
    (cell) => scores[cell]! >= threshold && isPeak(cell),
  );
}

/** Return the positions of finds that are different hands, the surest first. */
export function distinct(found: readonly Find[], constants: DetectionConstants): number[] {
  const order = found.map((_, i) => i).sort((a, b) => found[b]!.score - found[a]!.score || a - b);
  const kept: number[] = [];
  for (const i of order) {
    if (!kept.some((k) => isSameHand(found[k]!, found[i]!, constants))) kept.push(i);
  }
  return kept;
}

function isSameHand(surer: Find, other: Find, constants: DetectionConstants): boolean {
  const overlap = boxIou(surer.box, other.box);
  const low = Math.min(surer.right, other.right);
  const high = Math.max(surer.right, other.right);
  if (low <= 1 - constants.sure && high >= constants.sure) return overlap >= constants.overlap_of_two;
  return (
    overlap >= constants.overlap || sharedArea(surer.box, other.box) >= constants.covered * boxArea(other.box)
  );
}
