import { expect, test } from "vitest";
import { PointFilter } from "../src/core/filter";
import type { Hand } from "../src/core/hand";
import { Tracker } from "../src/core/tracker";
import { GAUSSIAN } from "../src/core/uncertainty";
import { constants, farthest, golden } from "./golden";

test("the filter smooths, coasts and restarts as Python's", () => {
  const filter = new PointFilter(constants.smoothing);
  for (const step of golden.filter.steps) {
    const mine = filter.step(step.points, step.covariance, golden.filter.seconds);
    expect(farthest(mine.points, step.smoothed)).toBeLessThan(1e-4);
    expect(farthest(mine.velocity, step.velocity)).toBeLessThan(1e-3);
    expect(farthest(mine.covariance, step.out)).toBeLessThan(1e-3);
  }
});

test("tracks of a film ask for the same boxes and are the same hands as Python's", async () => {
  const { frames, height, width, every } = golden.tracks;
  // biome-ignore lint/suspicious/noExplicitAny: recorded questions and answers
  let asked: any[] = [];
  const models = {
    predict: async (_: unknown, boxes: readonly (readonly number[])[]): Promise<Hand[]> => {
      const next = asked.shift();
      expect(farthest(boxes, next.boxes)).toBeLessThan(1e-3);
      return next.hands.map((h: object) => ({ ...h, radial: GAUSSIAN }));
    },
    detect: async () => asked.shift().found,
  };
  const tracker = new Tracker(models, { ...constants.tracking, every }, constants.smoothing);
  for (const frame of frames) {
    asked = [...frame.asked];
    const hands = await tracker.step({ height, width }, frame.seconds);
    expect(asked.length).toBe(0);
    const identity = (h: { track: number; seen: boolean; side: string | null }) => [h.track, h.seen, h.side];
    expect(hands.map(identity)).toEqual(frame.hands.map(identity));
    hands.forEach((hand, i) => {
      expect(farthest(hand.points, frame.hands[i].points)).toBeLessThan(1e-3);
      expect(farthest(hand.covariance, frame.hands[i].covariance)).toBeLessThan(0.01);
    });
  }
});
