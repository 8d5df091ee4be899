import type { GraphFacts } from '../../serving/model/onnx-graph.ts';
import type { BinaryScores, MulticlassScores, RegressionScores, Scores } from '../../serving/model/score.ts';
import type { Column, Table } from '../../serving/model/table.ts';
import type { TensorDeclaration } from '../../serving/model/tensor.ts';
import type { GoldenFiles } from '../manifest/goldens-loosened.ts';
import type { LoadedManifest } from '../manifest/manifest.ts';
import type { Policy } from '../manifest/policy.ts';
import type { BoundVersion } from '../manifest/rules/rule.ts';
import type { Place } from '../report/report.ts';
import type { ExplanationEvidence } from './explanation-evidence.ts';
import type { Governance } from './governance.ts';
import type { PerformanceEvidence } from './performance-evidence.ts';
import type { ReplayEvidence } from './replay-evidence.ts';
import type { RetrainedEvidence } from './retrained-evidence.ts';

/**
 * Evidence is what was measured, before anyone judges. It is gathered once for a model, in a limited child process, and
 * every check is a pure function from it to findings.
 *
 * A part that could not be gathered says why: the check that owns the cause reports it as a failure (a broken artifact is
 * `artifact`'s finding), every other check that needs the part says `inconclusive` and names the owner.
 */
export type Part<T> = { readonly kind: 'gathered'; readonly value: T } | Missing;

export interface Missing {
  readonly kind: 'missing';
  /** The check that reports the cause: `artifact`, `manifest`, … */
  readonly owner: string;
  /** What happened, where, and what was expected. */
  readonly reason: string;
  readonly at?: Place;
  readonly next?: string;
}

export interface Evidence {
  /** As it is judged: each value the strictest of policy, default branch and proposal. */
  readonly proposal: LoadedManifest;
  /** What the manifest's own rules depend on. */
  readonly context?: ManifestEvidence;
  /** The same model on the default branch; undefined for a model that is new there. */
  readonly base?: LoadedManifest;
  readonly policy: Policy;
  readonly artifact: ArtifactEvidence;
  readonly baseline: BaselineEvidence;
  readonly evaluation: Part<EvaluationData>;
  /** The candidate's answers on the evaluation rows. */
  readonly candidate: Part<Answers>;
  /** When the evaluation data changed: the same on the default branch's rows, candidate and champion. */
  readonly onBaseRows?: Part<{
    readonly data: EvaluationData;
    readonly candidate: Answers;
    readonly champion: Answers;
  }>;
  readonly goldens: Part<readonly GoldenOutcome[]>;
  readonly corners: Part<readonly CornerOutcome[]>;
  readonly repeats: Part<readonly Repeat[]>;
  readonly drift: DriftEvidence;
  /** The manifest's `drift.reference`, whatever the drift check compares with; undefined when it names none. */
  readonly reference?: Part<Table>;
  /** Recorded production requests, answered by both; undefined without a recorded window or without a champion. */
  readonly replay?: Part<ReplayEvidence>;
  /** Times and memory of both models, measured by turns. */
  readonly performance?: Part<PerformanceEvidence>;
  /** What drives the candidate's answers, and the champion's. */
  readonly explanation?: Part<ExplanationEvidence>;
  /** Another training of the same specification, when the repository's workflow or the caller handed one over. */
  readonly retrained?: Part<RetrainedEvidence>;
  /** What the repository and the fleet know beside the files; undefined where nobody could be asked (`slipway check`). */
  readonly governance?: Governance;
  /** The day of the judgement, `2026-11-21` (UTC): attestations expire, reviews fall due. Set when judging, no part of what is cached. */
  readonly today?: string;
}

export interface ManifestEvidence {
  /** As it was written, before anything stricter was laid over it. */
  readonly submitted: LoadedManifest;
  /** Every path of the proposal's tree. */
  readonly files: readonly string[];
  readonly bindings: readonly BoundVersion[];
  /** Every manifest of the proposal's tree that can be read. */
  readonly names: readonly { readonly path: string; readonly name: string }[];
  readonly goldens: GoldenFiles;
}

export interface ArtifactEvidence {
  /** One entry a declared file: model, external weights, features. */
  readonly files: readonly {
    readonly uri: string;
    readonly role: 'model' | 'weights' | 'features';
    readonly declared: string;
    readonly found?: string;
    readonly sizeBytes?: number;
    /** Why the bytes are not there: missing, refused host, a Git LFS pointer, too large. */
    readonly problem?: string;
  }[];
  /** What the ONNX protobuf says, read without ONNX Runtime. */
  readonly graph: Part<GraphFacts>;
  /** What ONNX Runtime says after loading it in the child. */
  readonly session: Part<SessionFacts>;
  /** The champion's session and graph, for the callers' contract. */
  readonly champion?: Part<SessionFacts>;
  /** Why the graph and the manifest do not fit: an input without a column, an output that is not there, a score that cannot be told. */
  readonly misfits: readonly {
    readonly id: string;
    readonly reason: string;
    readonly at?: Place;
    readonly next?: string;
  }[];
  /** How the process that ran the candidate ended before it was done: time, memory, an abort. */
  readonly failure?: string;
  /** The limit that ended it, what it used (seconds or megabytes), and what it was doing then. */
  readonly limit?: {
    readonly kind: 'time' | 'memory';
    readonly used: number;
    readonly allowed: number;
    readonly stage: string;
  };
}

export interface SessionFacts {
  readonly inputs: readonly TensorDeclaration[];
  readonly outputs: readonly TensorDeclaration[];
  readonly loadMs: number;
}

export type BaselineEvidence =
  | {
      readonly kind: 'production' | 'version';
      readonly manifest: LoadedManifest;
      readonly digest: string;
      /** The champion's answers on the candidate's evaluation rows. */
      readonly answers: Part<Answers>;
    }
  /** A trivial model of the evaluation rows, fitted where it is judged. `why`: no production yet, or the manifest asks for it. */
  | { readonly kind: 'simple'; readonly why: string };

export interface EvaluationData {
  readonly table: Table;
  readonly labels: Labels;
  /** Group number of each row (rows of one `evaluation.key`), dense from 0; undefined without a key. */
  readonly groups?: Int32Array;
}

export type Labels =
  | {
      readonly kind: 'classes';
      readonly classes: readonly (string | number)[] /** index into classes */;
      readonly codes: Int32Array;
    }
  | { readonly kind: 'values'; readonly values: Float64Array };

/** What one model answered on one table of rows. */
export type Answers = Scores;
export type BinaryAnswers = BinaryScores;
export type MulticlassAnswers = MulticlassScores;
export type RegressionAnswers = RegressionScores;

/** What was expected of one golden record, and what came. Scores: one number, or one a class. */
export interface GoldenOutcome {
  readonly line: number;
  readonly why?: string;
  readonly expected: { readonly score?: number | readonly number[]; readonly class?: string | number };
  readonly tolerance: number;
  readonly found?: { readonly score: number | readonly number[]; readonly class?: string | number };
  /** The record was refused, or the run failed. */
  readonly error?: string;
}

/** One corner case: what was tried and what came. `batch` compares single rows against the same rows in one batch. */
export interface CornerOutcome {
  readonly kind:
    | 'missing'
    | 'edge'
    | 'zero'
    | 'negative'
    | 'huge'
    | 'text'
    | 'unseen-category'
    | 'empty-batch'
    | 'batch'
    | 'finite';
  /** Which of several of a kind: `least`, `largest`; `empty`, `long`, `unicode`. */
  readonly variant?: string;
  /** The column that was bent, where there is one. */
  readonly column?: string;
  readonly what: string;
  readonly rows: number;
  /** Answers that were NaN or infinite. */
  readonly notFinite: number;
  /** batch: largest absolute and relative difference, and how many decisions differ. */
  readonly difference?: {
    readonly absolute: number;
    readonly relative: number;
    readonly flips: number;
    readonly beyondTolerance: number;
  };
  /** The request would be refused before the model sees it, as documented: an integer tensor holds no missing value. */
  readonly refused?: string;
  /** Whether the manifest or the data say that such a value comes; only then is a bad answer the proposal's fault. */
  readonly expected?: boolean;
  readonly error?: string;
}

/** The candidate was asked again on the same rows under another condition, and compared with its first answers. */
export interface Repeat {
  readonly condition: 'same session' | 'new process' | 'other threads' | 'other batch size' | 'no graph optimisation';
  readonly rows: number;
  readonly bitEqual: boolean;
  readonly maxAbsolute: number;
  readonly maxRelative: number;
  readonly beyondTolerance: number;
  readonly flips: number;
  readonly error?: string;
}

export interface DriftEvidence {
  /** What production recorded (at least 200 rows), else the manifest's reference; `none` when there is neither. */
  readonly against:
    | { readonly kind: 'window' | 'reference'; readonly label: string; readonly data: Part<DriftSide> }
    | { readonly kind: 'none'; readonly why: string };
}

/** The other side of the drift check: the same columns, and, where known, labels and the judging model's answers. */
export interface DriftSide {
  readonly table: Table;
  readonly labels?: Labels;
  /** The candidate's answers on these rows; without one, the champion's. */
  readonly answers?: Answers;
  readonly answeredBy: 'candidate' | 'champion' | 'nobody';
  /** Columns that could not be compared, and why. */
  readonly left: readonly { readonly column: string; readonly why: string }[];
}

export type { Column, GraphFacts };
