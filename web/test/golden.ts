// The vectors that tests/apps/web/golden.py wrote, and what the tests share.

import { readFileSync } from "node:fs";
import type { Constants } from "../src/core/constants";
import type { Covariance, Point } from "../src/core/geometry";
import type { Picture } from "../src/core/warp";

// biome-ignore lint/suspicious/noExplicitAny: the file is the contract, the tests read it as they go
export const golden: any = JSON.parse(readFileSync(new URL("../golden/golden.json", import.meta.url), "utf-8"));
export const constants = golden.constants as Constants;

export function bytes(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}

/** Make a canvas's RGBA of RGB bytes. */
export function picture({ height, width, rgb }: { height: number; width: number; rgb: string }): Picture {
  const source = bytes(rgb);
  const data = new Uint8ClampedArray(height * width * 4).fill(255);
  for (let i = 0; i < height * width; i++) data.set(source.subarray(3 * i, 3 * i + 3), 4 * i);
  return { height, width, data };
}

/** Return the largest difference between corresponding numbers of two nested lists. */
export function farthest(a: unknown, b: unknown): number {
  const [x, y] = [a, b].map((v) => flat(v));
  if (x!.length !== y!.length) return Number.POSITIVE_INFINITY;
  return x!.reduce(
    (most, v, i) => Math.max(most, Number.isNaN(v - y![i]!) ? Number.POSITIVE_INFINITY : Math.abs(v - y![i]!)),
    0,
  );
}

function flat(value: unknown): number[] {
  return Array.isArray(value) ? value.flatMap(flat) : [value as number];
}

export type { Covariance, Point };
