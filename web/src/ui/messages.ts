// What the page and its worker say to each other.

import type { Constants } from "../core/constants";
import type { Hand } from "../core/hand";
import type { Metadata } from "../core/metadata";

/** A hand as it travels: the radial map is the model's and stays at either end. */
export type PlainHand = Omit<Hand, "radial"> & { readonly track?: number; readonly seen?: boolean };

/** Milliseconds by part. */
export interface Times {
  readonly whole: number;
  readonly detector: number;
  readonly model: number;
}

export type Request =
  | { readonly kind: "load"; readonly base: string; readonly threads: number }
  | {
      readonly kind: "photo";
      readonly id: number;
      readonly image: ImageBitmap;
      readonly looks: number;
      readonly tiles: boolean;
      readonly calibration: string | null;
    }
  | {
      readonly kind: "frame";
      readonly id: number;
      readonly image: ImageBitmap;
      readonly seconds: number;
      readonly first: boolean;
      readonly calibration: string | null;
    };

export type Reply =
  | { readonly kind: "loading"; readonly share: number }
  | {
      readonly kind: "ready";
      readonly constants: Constants;
      readonly metadata: Metadata;
      readonly threads: number;
    }
  | {
      readonly kind: "found";
      readonly id: number;
      readonly hands: readonly PlainHand[];
      readonly looks: number;
      readonly calibration: string | null;
      readonly times: Times;
    }
  | { readonly kind: "failed"; readonly id: number | null; readonly reason: string };
