import type { Figure } from './figure.ts';

const TITLES = {
  curve: { roc: 'ROC', 'precision-recall': 'Precision over recall' },
  reliability: 'Calibration',
  latency: 'Latency of one run',
  flips: 'Decisions that change',
  score: 'Points',
} as const;

/** A few words above the drawing. */
export function titleOfFigure(figure: Figure): string {
  if (figure.title !== undefined) return figure.title;
  switch (figure.kind) {
    case 'curve':
      return TITLES.curve[figure.curve];
    case 'distribution':
      return figure.column;
    case 'intervals':
      return figure.axis;
    case 'reliability':
    case 'latency':
    case 'flips':
    case 'score':
      return TITLES[figure.kind];
  }
}
