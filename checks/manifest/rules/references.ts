import type { Finding } from '../../report/report.ts';
import { dottedOf, idOf } from '../pointer.ts';
import { isPrivateHost, isPublicHost } from '../public-host.ts';
import type { Policy } from '../policy.ts';
import { type ManifestReference, type ReferenceUri, referencesOf, referenceUriOf } from '../reference-uri.ts';
import { fail, pass, type Rule } from './rule.ts';

/** No reference leaves the repository, hides where it leads, or means another file on another machine. */
export const pathsStayInside: Rule = ({ proposal }) => {
  const references = referencesOf(proposal.manifest);
  const failed = references.flatMap(({ pointer, uri }): readonly Finding[] => {
    const where = referenceUriOf(uri, proposal.folder);
    if (where.kind !== 'refused') return [];
    const reason = `${dottedOf(pointer)} is ${JSON.stringify(uri)}, which ${where.reason}; expected a path inside of the repository, https://, s3:// or release://`;
    return [
      fail(
        `path/${idOf(pointer)}`,
        reason,
        { uri },
        proposal.place(pointer),
        'write the path relative to the manifest',
      ),
    ];
  });
  if (failed.length > 0) return failed;
  return [
    pass('path', `all ${references.length} references stay inside of the repository or name another place openly`, {
      references: references.map(({ uri }) => uri),
    }),
  ];
};

/** Slipway fetches only from hosts that the policy lists, and never from a private network. */
export const hostsAreAllowed: Rule = ({ proposal, policy }) => {
  const remote = referencesOf(proposal.manifest)
    .filter(({ isRead }) => isRead)
    .flatMap((reference) => {
      const where = referenceUriOf(reference.uri, proposal.folder);
      return where.kind === 'https' || where.kind === 's3' ? [{ reference, where }] : [];
    });
  const failed = remote.flatMap(({ reference, where }): readonly Finding[] => {
    const refusal = hostRefusal(where, policy);
    if (refusal === undefined) return [];
    const { pointer, uri } = reference;
    const reason = `${dottedOf(pointer)} is ${JSON.stringify(uri)}: ${refusal}`;
    const measured = { uri, host: hostOf(where), allowed: policy.artifactHosts };
    return [
      fail(
        `host/${idOf(pointer)}`,
        reason,
        measured,
        proposal.place(pointer),
        'list the host under artifactHosts in .github/slipway.yml, or commit the file',
      ),
    ];
  });
  if (failed.length > 0) return failed;
  return [
    pass('host', `${remote.length} references lie on other hosts, all of them allowed`, {
      hosts: remote.map(({ where }) => hostOf(where)),
      allowed: policy.artifactHosts,
    }),
  ];
};

type Remote = Extract<ReferenceUri, { readonly kind: 'https' | 's3' }>;

/**
 * Why a reference may not be fetched; undefined when it may. A listed host without a port means the usual port only. A
 * name can still resolve to a private address: who connects checks that with `isPublicAddress`.
 */
export function hostRefusal(where: Remote, policy: Policy): string | undefined {
  const host = hostOf(where);
  const isPublic = where.kind === 'https' ? isPublicHost(where.host) : !isPrivateHost(where.bucket);
  if (!isPublic) return `${host} is a private, local or special address, which is never fetched from`;
  if (policy.artifactHosts.includes(host)) return undefined;
  const known = policy.artifactHosts.length === 0 ? 'it lists none' : `it lists ${policy.artifactHosts.join(', ')}`;
  return `the policy does not list ${host} under artifactHosts (${known})`;
}

function hostOf(where: Remote): string {
  if (where.kind === 's3') return where.bucket;
  return where.port === '' ? where.host : `${where.host}:${where.port}`;
}

/** Data, goldens, reference and lockfile are there. The artifact check asks the same of what is served. */
export const referencesResolve: Rule = ({ proposal, files }) => {
  const present = new Set(files);
  const local = referencesOf(proposal.manifest)
    .filter(isJudgedHere)
    .flatMap((reference) => {
      const where = referenceUriOf(reference.uri, proposal.folder);
      return where.kind === 'path' ? [{ ...reference, path: where.path }] : [];
    });
  const absent = local.filter(({ path }) => !present.has(path));
  if (absent.length > 0) {
    return absent.map(({ pointer, uri, path }) => {
      const reason = `${dottedOf(pointer)} is ${JSON.stringify(uri)}, and there is no file ${path}; expected a file of this commit`;
      return fail(
        `reference/${idOf(pointer)}`,
        reason,
        { uri, path },
        proposal.place(pointer),
        'add the file, or correct the path',
      );
    });
  }
  return [
    pass('reference', `all ${local.length} files that the manifest names are there`, {
      files: local.map(({ path }) => path),
    }),
  ];
};

function isJudgedHere({ role, isRead }: ManifestReference): boolean {
  return isRead && role !== 'model' && role !== 'weights' && role !== 'features';
}
