import type { ToldExplanation } from '../../checks/explain/explanation-json.ts';
import { type CommandIo, EXIT, type ExitStatus } from './command.ts';
import { rowText } from './explain-text.ts';
import { type AskedFleet, askFleet } from './look-up-prediction.ts';

/** `GET /v1/predictions/{id}:explain` (docs/serving.md); what is not used here is left out. */
interface ExplainedPrediction {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly revision: string;
  readonly recorded: {
    readonly score: number | null;
    readonly class: string | number | null;
    readonly agrees: boolean;
  };
  readonly explanation: ToldExplanation | { readonly error: string };
  readonly background: { readonly digest: string };
}

/** Who asks here waits for exactness rather than for a glance. */
const BUDGET_MS = 5_000;

/** Has a fleet explain a prediction that it recorded, by the revision that made it. `row` counts from 0. */
export async function askWhy(id: string, fleet: AskedFleet, row: number, io: CommandIo): Promise<ExitStatus> {
  const path = `/v1/predictions/${encodeURIComponent(id)}:explain?row=${row}&budgetMs=${BUDGET_MS}`;
  const told = await askFleet(fleet, path, io.signal);
  if (told.kind === 'refused') {
    io.err(`the fleet at ${fleet.url} does not explain prediction ${id}: ${told.said}`);
    return EXIT.cannotTell;
  }
  // A fleet and its command line are one program, of one version.
  const { model, version, revision, recorded, explanation, background } = told.body as ExplainedPrediction;
  if ('error' in explanation) {
    io.err(`prediction ${id} by ${model} ${version} cannot be explained: ${explanation.error}`);
    return EXIT.cannotTell;
  }
  io.out(rowText(explanation, { model: `${model} ${version}`, row: `prediction ${id}`, color: io.color }));
  if (!recorded.agrees)
    io.err(
      `the fleet recorded the score ${recorded.score}, and the same revision answers ${explanation.score} now: this explains the answer now`,
    );
  await io.json({
    model,
    version,
    revision,
    backgroundDigest: background.digest,
    prediction: id,
    recordedScore: recorded.score,
    kind: 'shapley',
    row: row + 1,
    ...explanation,
  });
  return recorded.agrees && explanation.additivity.holds ? EXIT.good : EXIT.cannotTell;
}
