// What Python says of itself in constants.json; no number of it is repeated here.

import type { SmoothingSettings } from "./filter";
import type { Look } from "./tta";

/** When a track starts, goes on, and ends; `likelihand.tracking.Tracking` explains each. */
export interface TrackingSettings {
  readonly every: number;
  readonly idle: number;
  readonly presence: number;
  readonly start: number;
  readonly confidence: number;
  readonly unsure: number;
  readonly jump: number;
  readonly overlap: number;
  readonly same: number;
  readonly coast: number;
  readonly memory: number;
  readonly most: number | null;
  readonly inside: number;
  readonly smallest: number;
  readonly detector_vote: number;
  readonly most_votes: number;
  readonly other_side: number;
  readonly farthest: number;
}

export interface Constants {
  readonly version: string;
  readonly keypoints: readonly string[];
  readonly bones: readonly (readonly [number, number])[];
  readonly colours: readonly (readonly [number, number, number])[];
  readonly detection: {
    readonly overlap: number;
    readonly overlap_of_two: number;
    readonly covered: number;
    readonly parts: readonly number[];
    readonly shared: number;
    readonly worth: number;
    readonly near: number;
    readonly sure: number;
    readonly clear: number;
    readonly limit: number;
  };
  readonly predictor: {
    readonly presence: number;
    readonly score: number;
    readonly confidence: number;
    readonly proposed: number;
    readonly glance: number;
    readonly detector_side: number;
    readonly same_hand: number;
    readonly looks: readonly Look[];
    readonly touch: number;
    /** How far a crop reaches beyond the edge that its box touches, as a share of the box's length. */
    readonly beyond: number;
    readonly beyond_in_films: number;
    readonly farthest: number;
  };
  readonly uncertainty: {
    readonly one_sigma: number;
    readonly reach: number;
    readonly narrowest: number;
    readonly edge: number;
    readonly directions: number;
  };
  readonly tracking: TrackingSettings;
  readonly smoothing: SmoothingSettings;
}
