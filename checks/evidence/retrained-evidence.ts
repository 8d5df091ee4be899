import type { Answers } from './evidence.ts';

/** Another training of the same specification, answered on the evaluation rows. */
export interface RetrainedEvidence {
  /** Where it comes from: a workflow run's address, or a file. */
  readonly label: string;
  /** `sha256:…` of the retrained artifact. */
  readonly digest: string;
  readonly answers: Answers;
}
