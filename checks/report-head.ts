import type { LoadedManifest } from './manifest/manifest.ts';
import type { BaselineReference, Measured, Report } from './report/report.ts';

/** Which model a report is about, and what it was compared with. */
export function headOf(
  { manifest, revision, defaults }: LoadedManifest,
  baseline: BaselineReference,
): Pick<Report, 'model' | 'version' | 'revision' | 'digest' | 'baseline' | 'defaults'> {
  const { name, version, artifact } = manifest;
  return {
    model: name,
    version,
    revision,
    digest: `sha256:${artifact.sha256}`,
    baseline,
    defaults: JSON.parse(JSON.stringify(defaults)) as Measured,
  };
}
