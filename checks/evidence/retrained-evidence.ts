import type { Answers } from './evidence.ts';
import type { LaterPart } from './later-parts.ts';
import { gathered, missing } from './missing.ts';
import { answer, openModel } from './open-model.ts';

/** Another training of the same specification, answered on the evaluation rows. */
export interface RetrainedEvidence {
  /** Where it comes from: a workflow run's address, or a file. */
  readonly label: string;
  /** `sha256:…` of the retrained artifact. */
  readonly digest: string;
  readonly answers: Answers;
}

export const retrainedPart: LaterPart<'retrained'> = {
  part: 'retrained',
  stage: 'asking the retrained model',
  measure: async ({ job, candidate, evaluation, answers }) => {
    const { retrained } = job;
    if (retrained === undefined) return undefined;
    const told = { label: retrained.source, digest: `sha256:${retrained.sha256}` };
    // The same bytes were asked already.
    if (retrained.sha256 === retrained.specification.artifact.sha256) return gathered({ ...told, answers });
    const refused = (reason: string) =>
      missing('reproducibility', `the retrained artifact ${retrained.source} ${reason}`);
    try {
      const fit = await openModel(retrained);
      if (fit.kind === 'misfit') return refused(`does not fit the manifest: ${fit.problems[0]?.reason ?? ''}`);
      const { task, classes } = fit.model.mapping;
      if (task !== candidate.mapping.task || String(classes) !== String(candidate.mapping.classes))
        return refused(`answers another question: ${task} of ${classes.join(', ')}`);
      const again = await answer(fit.model, evaluation.table);
      await fit.model.session.close();
      return gathered({ ...told, answers: again });
    } catch (error) {
      return refused(`cannot answer the evaluation rows: ${error instanceof Error ? error.message : String(error)}`);
    }
  },
};
