import type { Answers, EvaluationData } from './evidence.ts';
import { explanationPart } from './explain-models.ts';
import { readData, type DataTypes } from './evaluation-data.ts';
import type { Job, PartName, Parts } from './job.ts';
import type { Sink } from './measure.ts';
import type { OpenModel } from './open-model.ts';
import { replayPart } from './replay.ts';
import { performancePart } from './time-models.ts';
import { retrainedPart } from './retrained-evidence.ts';

/** What stands when the first questions are answered, for the parts that ask further ones. */
export interface Measured {
  readonly job: Job;
  readonly types: DataTypes;
  readonly candidate: OpenModel;
  /** Undefined without a champion, and where it does not load or fit. */
  readonly champion?: OpenModel;
  readonly evaluation: EvaluationData;
  /** The candidate's answers on the evaluation rows. */
  readonly answers: Answers;
  /** The champion's, where it can answer these rows. */
  readonly championAnswers?: Answers;
  /** What the drift check compares with: the recorded window, where it has rows enough, is read and answered already. */
  readonly drift: Parts['drift'];
  /** Milliseconds a row took the candidate in full batches: what a part can afford follows from it. */
  readonly rowMs: number;
}

/** One further part of the evidence: its file, and one line in `laterParts`. Undefined where there is nothing to measure. */
export interface LaterPart<P extends PartName = PartName> {
  readonly part: P;
  /** For the progress line. */
  readonly stage: string;
  measure(measured: Measured, sink: Sink): Promise<NonNullable<Parts[P]> | undefined>;
}

const referencePart: LaterPart<'reference'> = {
  part: 'reference',
  stage: 'reading the reference',
  measure: async ({ job, types }) =>
    job.reference === undefined ? undefined : readData(job.reference, { types: types.types, required: [] }),
};

/** In the order in which they are measured; the quickest first, since a crash in one loses those after it. */
const laterParts: readonly LaterPart[] = [referencePart, replayPart, performancePart, retrainedPart, explanationPart];

export async function measureLater(measured: Measured, sink: Sink): Promise<void> {
  for (const later of laterParts) {
    sink.progress({ stage: later.stage, done: 0, of: 1 });
    const value = await later.measure(measured, sink);
    if (value !== undefined) sink.put(later.part, value);
  }
}
