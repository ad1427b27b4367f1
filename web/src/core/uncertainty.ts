// Covariances, regions and chances: the counterpart of likelihand/uncertainty/.

import { boxLength, boxOfPoints, type Covariance, type Point } from "./geometry";

/** How probability is spread over distances d = sqrt(e^T C^-1 e). */
export interface Radial {
  /** Return the probability in 0..1 of a smaller distance. */
  level(distance: number): number;
  /** Return the distance that holds a probability from 0 to below 1. */
  radius(level: number): number;
}

/** The map of a Gaussian in the plane. */
export const GAUSSIAN: Radial = {
  level: (distance) => -Math.expm1(-0.5 * distance * distance),
  radius: (level) => Math.sqrt(-2 * Math.log1p(-level)),
};

/** An empirical map: linear in the squared distance between its knots, a power law beyond the last. */
export class RadialTable implements Radial {
  private readonly squares: readonly number[];

  constructor(
    private readonly levels: readonly number[],
    radii: readonly number[],
    private readonly tail: number,
  ) {
    this.squares = radii.map((r) => r * r);
  }

  level(distance: number): number {
    const squared = distance * distance;
    const last = this.squares.at(-1)!;
    if (squared <= last) return interpolate(squared, this.squares, this.levels);
    return 1 - (1 - this.levels.at(-1)!) * (squared / last) ** -this.tail;
  }

  radius(level: number): number {
    const inside = interpolate(level, this.levels, this.squares);
    const last = this.levels.at(-1)!;
    if (level <= last) return Math.sqrt(inside);
    return Math.sqrt(inside * ((1 - last) / (1 - level)) ** (1 / this.tail));
  }
}

function interpolate(x: number, xs: readonly number[], ys: readonly number[]): number {
  const next = xs.findIndex((v) => v >= x);
  if (next === 0) return ys[0]!;
  if (next < 0) return ys.at(-1)!;
  const share = (x - xs[next - 1]!) / (xs[next]! - xs[next - 1]!);
  return ys[next - 1]! + share * (ys[next]! - ys[next - 1]!);
}

/** A calibration as a model file carries it; older files lack the optional parts. */
export interface CalibrationJson {
  readonly name?: string;
  readonly looks?: number;
  readonly scale: number;
  readonly spread: number;
  readonly offset: number;
  readonly factor?: number;
  readonly added?: number;
  readonly edge_hand?: number;
  readonly edge_keypoint?: number;
  readonly levels: readonly number[];
  readonly radii: readonly number[];
  readonly tail: number;
}

/** Turns what a model says into covariances that hold what they say. */
export class Calibration {
  readonly radial: Radial;

  constructor(
    private readonly json: CalibrationJson,
    private readonly narrowest: number,
  ) {
    this.radial = new RadialTable(json.levels, json.radii, json.tail);
  }

  /**
   * Compute a keypoint's covariance in the crop of one look: C = e^2c s^2a h^2b H / sqrt(det H).
   *
   * @param scale standard deviations along x and y, crop pixels.
   * @param spread covariance of the heatmap; null where the model has none.
   * @param side the crop's longer side in pixels.
   */
  covariance(scale: Point, spread: Covariance | null, side: number): Covariance {
    const { scale: a, spread: b, offset: c } = this.json;
    const least = (this.narrowest * side) ** 2;
    const [xx, xy, yy]: Covariance =
      spread && b ? [spread[0] + least, spread[1], spread[2] + least] : [scale[0] ** 2, 0, scale[1] ** 2];
    const constant = Math.exp(2 * c + (2 - 2 * a - 2 * b) * Math.log(side));
    const size = (scale[0] * scale[1]) ** a * (xx * yy - xy * xy) ** ((b - 1) / 2) * constant;
    return [xx * size, xy * size, yy * size];
  }

  /**
   * Compute what is stated in the end of the looks' covariance: (f e^(g h + k w))^2 C + (t z)^2 I.
   *
   * @param size the hand's, z.
   * @param nearness the keypoint's to the picture's edge, w.
   * @param nearest the largest nearness of the hand's keypoints, h.
   */
  stated([xx, xy, yy]: Covariance, size: number, nearness = 0, nearest = 0): Covariance {
    const { factor = 1, added = 0, edge_hand = 0, edge_keypoint = 0 } = this.json;
    const grown = (factor * Math.exp(edge_hand * nearest + edge_keypoint * nearness)) ** 2;
    const noise = (added * size) ** 2;
    return [grown * xx + noise, grown * xy, grown * yy + noise];
  }
}

/**
 * Say how near keypoints lie to the picture's edge: 1 on it and outside, 0 far inside.
 *
 * @param edge the share of the hand's size within which a keypoint is near.
 */
export function edgeNearness(points: readonly Point[], width: number, height: number, edge: number): number[] {
  const reach = Math.max(edge * sizeOfHand(points), 1e-9);
  return points.map(([x, y]) => {
    const room = Math.min(x, y, width - x, height - y);
    return Math.min(Math.max(1 - room / reach, 0), 1);
  });
}

/** Return the larger and the smaller eigenvalue. */
export function principalVariances([xx, xy, yy]: Covariance): readonly [number, number] {
  const middle = 0.5 * (xx + yy);
  const half = Math.hypot(0.5 * (xx - yy), xy);
  return [middle + half, Math.max(middle - half, 0)];
}

/** Return the probability that a deviation is no longer than `distance`, averaged over `directions` angles. */
export function chanceWithin(
  distance: number,
  covariance: Covariance,
  radial: Radial,
  directions: number,
): number {
  const [large, small] = principalVariances(covariance);
  let sum = 0;
  for (let i = 0; i < directions; i++) {
    const angle = ((i + 0.5) * Math.PI) / directions;
    const along = large * Math.cos(angle) ** 2 + small * Math.sin(angle) ** 2;
    sum += radial.level(distance / Math.sqrt(Math.max(along, 1e-24)));
  }
  return sum / directions;
}

/** A region in the plane; the angle turns the larger axis clockwise from x as seen on the screen. */
export interface Ellipse {
  readonly centre: Point;
  readonly axes: readonly [number, number];
  readonly angle: number;
}

/** Return the region within a distance of its centre, in units of the covariance. */
export function ellipse(centre: Point, covariance: Covariance, radius: number): Ellipse {
  const [large, small] = principalVariances(covariance);
  const angle = 0.5 * Math.atan2(2 * covariance[1], covariance[0] - covariance[2]);
  return { centre, axes: [radius * Math.sqrt(large), radius * Math.sqrt(small)], angle };
}

/** Return max(width, height) of the tight box of points: the unit of confidence. */
export function sizeOfHand(points: readonly Point[]): number {
  return boxLength(boxOfPoints(points));
}
