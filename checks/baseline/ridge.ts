import type { DesignRows } from './design-rows.ts';

/** Weight of the squared coefficients beside the summed loss (scikit-learn's C = 1, alpha = 1); the intercept is free. */
const PENALTY = 1;
/** The intercept's own tiny weight keeps the matrix regular. */
const FREE = 1e-9;
const MOST_STEPS = 30;
const STILL = 1e-8;

/**
 * Coefficients of a ridge-penalised logistic regression of `target` (0 or 1) on the design rows in `rows`.
 * Newton's steps, halved while they do not lower the loss. Reference: Hastie, Tibshirani, Friedman (2009), section 4.4.
 */
export function ridgeLogistic(design: DesignRows, rows: Uint32Array, target: ArrayLike<number>): Float64Array {
  let beta = new Float64Array(design.width);
  let loss = logisticLoss(design, rows, target, beta);
  for (let step = 0; step < MOST_STEPS; step++) {
    const move = solveWeighted(design, rows, beta, (row) => {
      const p = sigmoid(dot(design, row, beta));
      return { weight: Math.max(p * (1 - p), 1e-12), pull: (target[row] ?? 0) - p };
    });
    let scale = 1;
    let next = moved(beta, move, scale);
    let lower = logisticLoss(design, rows, target, next);
    while (lower > loss && scale > STILL) {
      scale /= 2;
      next = moved(beta, move, scale);
      lower = logisticLoss(design, rows, target, next);
    }
    const still = loss - lower <= STILL * Math.max(1, loss);
    if (lower <= loss) [beta, loss] = [next, lower];
    if (still) break;
  }
  return beta;
}

/** Coefficients of a ridge-penalised least-squares regression: one solve of the normal equations. */
export function ridgeLinear(design: DesignRows, rows: Uint32Array, target: ArrayLike<number>): Float64Array {
  const zero = new Float64Array(design.width);
  return solveWeighted(design, rows, zero, (row) => ({ weight: 1, pull: target[row] ?? 0 }));
}

/** The linear predictor of one row. */
export function dot(design: DesignRows, row: number, beta: Float64Array): number {
  let sum = 0;
  for (let at = row * design.slots; at < (row + 1) * design.slots; at++) {
    sum += (design.values[at] ?? 0) * (beta[design.indices[at] ?? 0] ?? 0);
  }
  return sum;
}

export function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

function moved(beta: Float64Array, move: Float64Array, scale: number): Float64Array<ArrayBuffer> {
  return Float64Array.from(beta, (each, i) => each + scale * (move[i] ?? 0));
}

function penalty(index: number): number {
  return index === 0 ? FREE : PENALTY;
}

function logisticLoss(design: DesignRows, rows: Uint32Array, target: ArrayLike<number>, beta: Float64Array): number {
  let loss = beta.reduce((sum, each, i) => sum + (penalty(i) * each * each) / 2, 0);
  for (const row of rows) {
    const x = dot(design, row, beta);
    loss += Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) - (target[row] ?? 0) * x;
  }
  return loss;
}

/** Solves (XᵀWX + penalty) move = Xᵀ pull − penalty·beta. */
function solveWeighted(
  design: DesignRows,
  rows: Uint32Array,
  beta: Float64Array,
  of: (row: number) => { readonly weight: number; readonly pull: number },
): Float64Array {
  const { width, slots, indices, values } = design;
  const matrix = new Float64Array(width * width);
  const right = new Float64Array(width);
  for (const row of rows) {
    const { weight, pull } = of(row);
    const end = (row + 1) * slots;
    for (let i = row * slots; i < end; i++) {
      const value = values[i] ?? 0;
      if (value === 0) continue;
      const index = indices[i] ?? 0;
      right[index] = (right[index] ?? 0) + pull * value;
      const weighted = weight * value;
      // Positions rise with the slots, so the lower triangle is filled.
      for (let j = row * slots; j <= i; j++) {
        const at = index * width + (indices[j] ?? 0);
        matrix[at] = (matrix[at] ?? 0) + weighted * (values[j] ?? 0);
      }
    }
  }
  for (let i = 0; i < width; i++) {
    matrix[i * width + i] = (matrix[i * width + i] ?? 0) + penalty(i);
    right[i] = (right[i] ?? 0) - penalty(i) * (beta[i] ?? 0);
  }
  return choleskySolve(matrix, right, width);
}

/** Solves a symmetric positive definite system given by its lower triangle, in place. */
function choleskySolve(matrix: Float64Array, right: Float64Array, width: number): Float64Array {
  const at = (i: number, j: number) => matrix[i * width + j] ?? 0;
  for (let j = 0; j < width; j++) {
    for (let i = j; i < width; i++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      matrix[i * width + j] = i === j ? Math.sqrt(Math.max(sum, Number.EPSILON)) : sum / at(j, j);
    }
  }
  for (let i = 0; i < width; i++) {
    let sum = right[i] ?? 0;
    for (let k = 0; k < i; k++) sum -= at(i, k) * (right[k] ?? 0);
    right[i] = sum / at(i, i);
  }
  for (let i = width - 1; i >= 0; i--) {
    let sum = right[i] ?? 0;
    for (let k = i + 1; k < width; k++) sum -= at(k, i) * (right[k] ?? 0);
    right[i] = sum / at(i, i);
  }
  return right;
}
