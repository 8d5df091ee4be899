import type { Check } from './check.ts';
import { graphFindings } from './artifact/graph-findings.ts';
import { contractFindings } from './contract.ts';
import type { ArtifactEvidence, Evidence } from './evidence/evidence.ts';
import { decidingFinding, fail, missingFinding, pass } from './finding.ts';
import type { Finding } from './report/report.ts';
import { countText, numberText, plural } from './report/format.ts';

/** Are the bytes right, does the runtime that serves load them, do they fit the manifest, are they safe, do callers get what they got. */
export const artifact: Check = {
  name: 'artifact',
  asks: 'Is the digest right, does the graph load in the runtime that serves, does it fit the manifest, is it safe, and does it keep the contract with its callers?',
  judge(evidence) {
    const findings = [
      ...evidence.artifact.files.map((file) => digestFinding(file, evidence)),
      ...graphFindings(evidence),
      ...loadFindings(evidence),
      ...runFindings(evidence),
      ...limitFindings(evidence),
      ...contractFindings(evidence),
    ];
    return { findings, title: titleOf(findings, evidence), method: METHOD };
  },
};

const METHOD = [
  'SHA-256 of the bytes is compared with the manifest before anything reads them; the ONNX file is read by our own bounded reader before ONNX Runtime sees it.',
  'The graph is loaded and run in a child process with limits on time and memory, as production loads it: CPU, one thread, all graph optimisations.',
];

function titleOf(findings: readonly Finding[], { artifact: { files, session } }: Evidence): string {
  const worst = decidingFinding(findings);
  if (
    worst !== undefined &&
    (worst.verdict === 'fail' || worst.verdict === 'inconclusive') &&
    worst.severity === 'blocking'
  )
    return worst.reason;
  const sizeBytes = files.reduce((sum, file) => sum + (file.sizeBytes ?? 0), 0);
  const shape =
    session.kind === 'gathered'
      ? `, ${plural(session.value.inputs.length, 'input')}, ${plural(session.value.outputs.length, 'output')}`
      : '';
  return `loads and fits the manifest: ${sizeText(sizeBytes)}${shape}`;
}

function sizeText(bytes: number): string {
  return bytes < 1_000_000 ? `${countText(bytes / 1000)} kB` : `${countText(bytes / 1_000_000)} MB`;
}

type File = ArtifactEvidence['files'][number];

function digestFinding(file: File, { proposal }: Evidence): Finding {
  const pointers: Readonly<Record<File['role'], string>> = {
    model: '/artifact/sha256',
    weights: '/artifact/files',
    features: '/features/sha256',
  };
  const at = proposal.place(pointers[file.role]);
  const id = file.role === 'model' ? 'artifact/digest' : `artifact/digest/${file.uri}`;
  const measured = {
    uri: file.uri,
    declared: file.declared,
    found: file.found ?? null,
    sizeBytes: file.sizeBytes ?? null,
  };
  if (file.problem === undefined)
    return pass(id, `${file.uri} has the declared SHA-256 ${file.declared.slice(0, 12)}…`, measured);
  const isOther = file.found !== undefined && file.found !== file.declared;
  const next = isOther
    ? `If these bytes are meant, write their digest: sha256sum ${file.uri}; a new artifact is a new version.`
    : 'Make the file reachable under this uri, with these bytes.';
  return fail(id, file.problem, measured, { at, next });
}

function loadFindings({ artifact: { session, misfits, files, graph, limit }, proposal }: Evidence): readonly Finding[] {
  const fits = misfits.map(({ id, reason, at, next }) =>
    fail(id, reason, {}, { ...(at === undefined ? {} : { at }), ...(next === undefined ? {} : { next }) }),
  );
  if (session.kind === 'missing') {
    // The cause stands in a finding already: a digest, an unreadable file, external data, a limit.
    const told =
      limit !== undefined ||
      fits.length > 0 ||
      graph.kind === 'missing' ||
      files.some(({ problem }) => problem !== undefined);
    return told ? fits : [missingFinding('artifact', 'load', { ...session, at: proposal.place('/artifact') })];
  }
  const { inputs, outputs, loadMs } = session.value;
  const names = { inputs: inputs.map(({ name }) => name), outputs: outputs.map(({ name }) => name) };
  const loaded = pass('artifact/load', 'the serving runtime loads it', { loadMs, ...names });
  return fits.length > 0
    ? [loaded, ...fits]
    : [
        loaded,
        pass(
          'artifact/fit',
          `${inputs.length === 1 ? 'its input is' : `all ${inputs.length} inputs are`} filled from columns, and the score is told`,
          names,
        ),
      ];
}

/** It loads and fits, and still does not answer: too slow, an error on real rows, an abort. */
function runFindings({
  artifact: { session, misfits, failure, limit },
  candidate,
  proposal,
}: Evidence): readonly Finding[] {
  if (session.kind === 'missing' || misfits.length > 0) return [];
  const at = proposal.place('/artifact');
  if (candidate.kind === 'gathered') {
    const answered = pass('artifact/run', `it answered all ${countText(candidate.value.rows)} evaluation rows`, {
      rows: candidate.value.rows,
    });
    return failure === undefined || limit !== undefined
      ? [answered]
      : [answered, fail('artifact/process', `running it failed later: ${failure}`, {}, { at })];
  }
  return candidate.owner === 'artifact' && limit === undefined
    ? [missingFinding('artifact', 'run', { ...candidate, at })]
    : [];
}

const LIMITS = {
  time: {
    field: 'limits.checkMinutes',
    text: (seconds: number) =>
      seconds < 120 ? `${numberText(seconds, 1)} s` : `${numberText(seconds / 60, 1)} minutes`,
    less: 'Make the model quicker (fewer turns of a loop, a larger serving.maxBatch), or evaluate on fewer rows',
  },
  memory: {
    field: 'limits.memoryMb',
    text: (megabytes: number) => `${countText(megabytes)} MB`,
    less: 'Make the model smaller (what a node allocates follows from shapes), or serving.maxBatch lower',
  },
} as const;

/** Which limit it was, what it used, and where the limit is set: evidence that was cut off says nothing of the model. */
function limitFindings({ artifact: { limit }, proposal }: Evidence): readonly Finding[] {
  if (limit === undefined) return [];
  const { kind, used, allowed, stage } = limit;
  const { field, text, less } = LIMITS[kind];
  return [
    fail(
      `artifact/limit/${kind}`,
      `it was ended while ${stage}: it ${kind === 'time' ? 'took' : 'used'} ${text(used)}${kind === 'time' ? '' : ' of memory'}, and the policy allows ${text(allowed)} (${field})`,
      { kind, used, allowed, unit: kind === 'time' ? 'seconds' : 'megabytes', stage, field },
      {
        at: proposal.place('/artifact'),
        next: `${less}; where it has to be so, raise ${field} in .github/slipway.yml on the default branch.`,
      },
    ),
  ];
}
