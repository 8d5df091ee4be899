import type { ColumnType, FitProblem } from '../../serving/model/signature.ts';
import type { Specification } from '../../serving/model/specification.ts';
import type { TensorDeclaration } from '../../serving/model/tensor.ts';
import type { Table } from '../../serving/model/table.ts';
import type { MetricRule } from '../manifest/manifest.ts';
import type { ExplanationEvidence } from './explanation-evidence.ts';
import type { PerformanceEvidence } from './performance-evidence.ts';
import type { ReplayEvidence } from './replay-evidence.ts';
import type { RetrainedEvidence } from './retrained-evidence.ts';
import type {
  Answers,
  CornerOutcome,
  DriftSide,
  EvaluationData,
  GoldenOutcome,
  Part,
  Repeat,
  SessionFacts,
} from './evidence.ts';

/**
 * What the limited child is asked, as a JSON file in its folder, and what it answers, as one file a part. Every path is
 * absolute and lies in that folder.
 */
export interface Job {
  readonly folder: string;
  readonly candidate: ModelJob;
  readonly champion?: ModelJob;
  readonly evaluation?: DataJob;
  /** The default branch's evaluation rows, when they are others. */
  readonly baseRows?: DataJob;
  readonly goldens?: string;
  readonly corners: boolean;
  /** Column types that the manifest knows, for reading data. */
  readonly types: Readonly<Record<string, ColumnType>>;
  /** Columns whose missing values the manifest expects. */
  readonly mayMiss: readonly string[];
  readonly tolerance: Tolerance;
  /** The recorded window, when there is one, and the reference, when the manifest has one. */
  readonly window?: DataJob;
  readonly reference?: DataJob;
  /** The file's own words: whether nodes draw random numbers, so that a batch corner is not blamed for it. */
  readonly random: boolean;
  /** How long answering the candidate's rows may take. */
  readonly answerLimitMs: number;
  /** The same specification trained another time. */
  readonly retrained?: RetrainedJob;
  /** The budgets that the manifest declares: runs are made until they can be judged. */
  readonly budgets: Budgets;
  /** Only the answers are wanted: the later parts are left out. */
  readonly answersOnly: boolean;
  /** Rows of the background that explanations are averaged over (`explanation.background`). */
  readonly background: number;
  /** Metrics that the manifest names with their margins, in its order; empty for the task's own. */
  readonly metrics?: readonly MetricRule[];
  /** Columns that the manifest declares protected. */
  readonly protected?: readonly string[];
}

/** `performance` of the manifest. */
export interface Budgets {
  readonly p99Ms?: number;
  readonly memoryMb?: number;
  readonly loadMs?: number;
  readonly slowdown?: number;
}

export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

export interface ModelJob {
  /** For messages: `income 2.0.0`. */
  readonly label: string;
  readonly specification: Specification;
  readonly model: string;
  readonly features?: string;
}

/** The retrained artifact, opened with the candidate's specification. */
export interface RetrainedJob extends ModelJob {
  /** Where it comes from. */
  readonly source: string;
  /** Hex digits. */
  readonly sha256: string;
}

export interface DataJob {
  readonly file: string;
  /** For messages: the path in the repository. */
  readonly name: string;
  readonly label: string;
  readonly key?: string;
  readonly time?: string;
}

/** The parts in the order in which they are gathered. */
export interface Parts {
  readonly session: Part<SessionFacts & { readonly declared: readonly TensorDeclaration[] }>;
  /** Why the graph and the manifest do not fit; empty when they do. */
  readonly fit: readonly FitProblem[];
  readonly championSession?: Part<SessionFacts>;
  readonly evaluation: Part<EvaluationData>;
  readonly candidate: Part<Answers>;
  readonly champion: Part<Answers>;
  readonly baseRows: Part<{ readonly data: EvaluationData; readonly candidate: Answers; readonly champion: Answers }>;
  readonly goldens: Part<readonly GoldenOutcome[]>;
  readonly corners: Part<readonly CornerOutcome[]>;
  readonly repeats: Part<readonly Repeat[]>;
  /** The candidate's answers on the repeat rows, for comparing them with a new process's. */
  readonly repeatAnswers: { readonly rows: Int32Array; readonly answers: Answers };
  readonly drift: {
    readonly against: 'window' | 'reference' | 'none';
    readonly why: string;
    readonly data: Part<DriftSide>;
  };
  /** The manifest's reference, as a table. */
  readonly reference: Part<Table>;
  readonly replay: Part<ReplayEvidence>;
  readonly performance: Part<PerformanceEvidence>;
  /** A few evaluation rows, so that a process that measures memory need not read them all. */
  readonly warmingRows: Table;
  readonly explanation: Part<ExplanationEvidence>;
  readonly retrained: Part<RetrainedEvidence>;
}
export type PartName = keyof Parts;

/** One line of the child's standard output. */
export interface ProgressLine {
  readonly stage: string;
  readonly done: number;
  readonly of: number;
}
