// Hands that were found twice: the counterpart of likelihand/inference/duplicates.py.

import { meanDistance } from "./geometry";
import { type Hand, scaleOf } from "./hand";
import { sizeOfHand } from "./uncertainty";

/** Keep one of the hands whose points agree: of the higher score times clarity, else of the smaller scale. */
export function withoutDuplicates<T extends Hand>(hands: readonly T[], closest: number): T[] {
  const worth = hands.map((hand) => hand.score * (hand.clarity ?? 1));
  const scale = hands.map((hand) => {
    const scales = scaleOf(hand).flat();
    return scales.reduce((sum, s) => sum + s, 0) / scales.length / Math.max(sizeOfHand(hand.points), 1e-9);
  });
  const order = hands.map((_, i) => i).sort((a, b) => worth[b]! - worth[a]! || scale[a]! - scale[b]! || a - b);
  const kept: number[] = [];
  for (const i of order) {
    if (kept.every((k) => handDistance(hands[i]!, hands[k]!) >= closest)) kept.push(i);
  }
  return kept.sort((a, b) => a - b).map((i) => hands[i]!);
}

/** Return the mean distance of two hands' points, over the size of the larger hand. */
export function handDistance(first: Hand, second: Hand): number {
  const size = Math.max(sizeOfHand(first.points), sizeOfHand(second.points));
  return meanDistance(first.points, second.points) / Math.max(size, 1e-9);
}
