import type { Missing, Part } from './evidence.ts';

export function missing(owner: string, reason: string): Missing {
  return { kind: 'missing', owner, reason };
}

export function gathered<T>(value: T): Part<T> {
  return { kind: 'gathered', value };
}
