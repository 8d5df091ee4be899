/** Both ends belong to it; an end that the data do not bound is infinite. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
}
