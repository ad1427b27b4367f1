// A hand that was found: the counterpart of structures.Hand.

import type { Box, Covariance, Point, Size } from "./geometry";
import { chanceWithin, type Ellipse, ellipse, type Radial, sizeOfHand } from "./uncertainty";

export type Side = "left" | "right";

export interface Hand {
  /** 21 points in image pixels, corner origin. */
  readonly points: readonly Point[];
  /** Square image pixels. */
  readonly covariance: readonly Covariance[];
  /** The region that was looked at. */
  readonly box: Box;
  readonly side: Side | null;
  /** Chance in 0..1 that this is a hand. */
  readonly score: number;
  readonly radial: Radial;
  /** Mean confidence of the keypoints as the model's first calibration states it; what is no hand has little. */
  readonly clarity?: number;
}

/** Return which keypoints lie inside a picture. */
export function insideOf(hand: Pick<Hand, "points">, { height, width }: Size): boolean[] {
  return hand.points.map(([x, y]) => x >= 0 && y >= 0 && x <= width && y <= height);
}

/** Return the standard deviations along x and y of each keypoint. */
export function scaleOf(hand: Hand): Point[] {
  return hand.covariance.map(([xx, , yy]) => [Math.sqrt(xx), Math.sqrt(yy)]);
}

export interface ConfidenceSettings {
  /** Share of the hand's size within which a keypoint counts as found. */
  readonly reach: number;
  /** Angles over which the chance is averaged. */
  readonly directions: number;
}

/** Return each keypoint's chance in 0..1 to lie within `reach` of the hand's size of its estimate. */
export function confidenceOf(hand: Hand, settings: ConfidenceSettings): number[] {
  const length = settings.reach * sizeOfHand(hand.points);
  return hand.covariance.map((c) => chanceWithin(length, c, hand.radial, settings.directions));
}

/** Return the ellipses that hold each keypoint with probability `level`. */
export function regionsOf(hand: Hand, level: number): Ellipse[] {
  const radius = hand.radial.radius(level);
  return hand.points.map((point, i) => ellipse(point, hand.covariance[i]!, radius));
}
