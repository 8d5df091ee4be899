/**
 * A figure is what a reader should see beside a finding, as data: drawn by the dashboard, the check run's images and the standalone HTML from
 * the same numbers, and written as text where there are no images. Checks emit figures; nobody draws in `checks`.
 *
 * Curves are thinned to at most 200 points where they are made: a report travels as JSON.
 */
export type Figure =
  | CurveFigure
  | ReliabilityFigure
  | DistributionFigure
  | IntervalsFigure
  | LatencyFigure
  | FlipsFigure
  | ScoreFigure;

export const MOST_POINTS = 200;

const KINDS = {
  curve: true,
  reliability: true,
  distribution: true,
  intervals: true,
  latency: true,
  flips: true,
  score: true,
} as const satisfies Record<Figure['kind'], true>;

/** A kept report may hold a figure of a newer program, which this one cannot draw; its numbers stand in the findings. */
export const isKnownFigure = ({ kind }: Figure): boolean => Object.hasOwn(KINDS, kind);

interface FigureHead {
  /** Stable within the check, and safe in an address: `roc`, `roc-sex-female`, `age`. */
  readonly id: string;
  /** A few words above the drawing: `ROC, sex = Female`. Left out: what the kind is called. */
  readonly title?: string;
  /** What the reader should see, in one sentence with its numbers: the alt text. */
  readonly says: string;
  /** Rows, method, which interval: one line below the drawing. */
  readonly note?: string;
}

/** Whose line or mark it is; decides colour and shape everywhere. */
export type FigureSide = 'candidate' | 'champion' | 'reference' | 'window';

/** ROC or precision over recall: `x` and `y` of the same length, in [0, 1]. */
export interface CurveFigure extends FigureHead {
  readonly kind: 'curve';
  readonly curve: 'roc' | 'precision-recall';
  readonly lines: readonly {
    readonly side: FigureSide;
    readonly label: string;
    readonly x: readonly number[];
    readonly y: readonly number[];
    /** Area under it. */
    readonly area?: number;
  }[];
}

/** What was predicted against how often it came true, by bins of equal count. */
export interface ReliabilityFigure extends FigureHead {
  readonly kind: 'reliability';
  /** The label's name, where values are predicted and not probabilities; `observed` is then the mean of what came. */
  readonly of?: string;
  readonly lines: readonly {
    readonly side: FigureSide;
    readonly label: string;
    readonly bins: readonly {
      readonly predicted: number;
      readonly observed: number;
      readonly interval: readonly [number, number];
      readonly rows: number;
    }[];
  }[];
}

/** One column on both sides, as shares of the rows by bin. Bins in the order in which they are drawn. */
export interface DistributionFigure extends FigureHead {
  readonly kind: 'distribution';
  readonly column: string;
  readonly bins: readonly string[];
  /** Numeric edges between the bins, one fewer than there are numeric bins; left out for categories. */
  readonly edges?: readonly number[];
  readonly sides: readonly { readonly side: FigureSide; readonly label: string; readonly shares: readonly number[] }[];
}

/** Estimates with intervals, one a row, against zero and a margin or limit: cohorts, metrics, importances. */
export interface IntervalsFigure extends FigureHead {
  readonly kind: 'intervals';
  /** What the axis measures: `roc_auc, candidate minus champion`. */
  readonly axis: string;
  /** The grey band from zero on the bad side; negative values are worse. With a margin, zero is named "no change". */
  readonly margin?: number;
  readonly rows: readonly {
    readonly label: string;
    readonly estimate: number;
    readonly interval?: readonly [number, number];
    /** A narrower one inside, drawn thicker: the row's own, where `interval` holds jointly over all rows. */
    readonly own?: readonly [number, number];
    /** The row's own margin, where the rows do not share one. */
    readonly margin?: number;
    readonly verdict: 'fail' | 'inconclusive' | 'pass' | 'not-applicable';
    /** Rows. */
    readonly count?: number;
  }[];
}

/** Quantiles of run times in milliseconds, both models on one log axis. */
export interface LatencyFigure extends FigureHead {
  readonly kind: 'latency';
  readonly lines: readonly {
    readonly side: FigureSide;
    readonly label: string;
    /** Quantile levels in (0, 1), rising, and the times there. */
    readonly levels: readonly number[];
    readonly ms: readonly number[];
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly p99IntervalMs?: readonly [number, number];
  }[];
  readonly budgetMs?: number;
}

/** How decisions moved: `counts[champion][candidate]`. */
export interface FlipsFigure extends FigureHead {
  readonly kind: 'flips';
  readonly classes: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

/** Points of a maximum: the ML Test Score's sections. */
export interface ScoreFigure extends FigureHead {
  readonly kind: 'score';
  readonly parts: readonly { readonly label: string; readonly points: number; readonly of: number }[];
}
