import { expect, test } from "vitest";
import type { Covariance, Point } from "../src/core/geometry";
import { Calibration, chanceWithin, ellipse, GAUSSIAN } from "../src/core/uncertainty";
import { constants, farthest, golden } from "./golden";

const d = golden.density;
const calibration = new Calibration(d.calibration, constants.uncertainty.narrowest);

test("calibrated covariances, regions and chances are Python's", () => {
  const covariance = d.scale.map((s: Point, i: number) => calibration.covariance(s, d.spread[i], d.side));
  expect(farthest(covariance, d.covariance)).toBeLessThan(1e-4);
  const stated = covariance.map((c: Covariance) => calibration.stated(c, d.size));
  expect(farthest(stated, d.stated)).toBeLessThan(1e-4);
  const nearest = Math.max(...d.nearness);
  const near = covariance.map((c: Covariance, i: number) => calibration.stated(c, d.size, d.nearness[i], nearest));
  expect(farthest(near, d.stated_near)).toBeLessThan(1e-4);
  const chance = covariance.map((c: Covariance, i: number) =>
    chanceWithin(d.length[i], c, calibration.radial, constants.uncertainty.directions),
  );
  expect(farthest(chance, d.chance)).toBeLessThan(1e-5);
  const regions = covariance.map((c: Covariance) => ellipse([0, 0], c, calibration.radial.radius(0.9)));
  expect(
    farthest(
      regions.map((e: { axes: number[] }) => e.axes),
      d.axes,
    ),
  ).toBeLessThan(1e-4);
  expect(
    farthest(
      regions.map((e: { angle: number }) => e.angle),
      d.angle,
    ),
  ).toBeLessThan(1e-5);
});

test("radial maps are Python's", () => {
  const { radial } = calibration;
  expect(
    farthest(
      d.distance.map((v: number) => radial.level(v)),
      d.level,
    ),
  ).toBeLessThan(1e-5);
  expect(
    farthest(
      d.chances.map((v: number) => radial.radius(v)),
      d.radius,
    ),
  ).toBeLessThan(1e-4);
  expect(
    farthest(
      d.distance.map((v: number) => GAUSSIAN.level(v)),
      d.gaussian_level,
    ),
  ).toBeLessThan(1e-8);
  expect(
    farthest(
      d.chances.map((v: number) => GAUSSIAN.radius(v)),
      d.gaussian_radius,
    ),
  ).toBeLessThan(1e-8);
});
