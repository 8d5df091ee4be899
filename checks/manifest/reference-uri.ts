import { posix } from 'node:path';
import type { Manifest } from './manifest.ts';

/**
 * Where a manifest's files are. A *reference* is a `uri` with the digest of its bytes; it names a file of the repository
 * (relative to the manifest's folder), or one elsewhere by https, s3 or a GitHub release.
 */
export type ReferenceUri =
  /** `path` is relative to the repository's root and stays inside of it. */
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'https'; readonly url: string; readonly host: string; readonly port: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly key: string }
  | {
      readonly kind: 'release';
      readonly owner: string;
      readonly repository: string;
      readonly tag: string;
      readonly file: string;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** Reads a `uri` as it stands in a manifest of this folder. What could mean two things to two programs is refused. */
export function referenceUriOf(uri: string, folder: string): ReferenceUri {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(uri)?.[1]?.toLowerCase();
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(uri)) return refused('holds a control character');
  if (uri !== uri.trim()) return refused('begins or ends with a blank');
  if (scheme === undefined) return pathOf(uri, folder);
  if (scheme === 'https') return httpsOf(uri);
  if (scheme === 's3') return s3Of(uri);
  if (scheme === 'release') return releaseOf(uri);
  if (scheme.length === 1) return refused('is an absolute path of another system');
  return refused(`has the scheme ${scheme}:, which is none of https, s3, release`);
}

function refused(reason: string): ReferenceUri {
  return { kind: 'refused', reason };
}

function pathOf(uri: string, folder: string): ReferenceUri {
  if (uri.includes('\\')) return refused('holds a backslash, which is a separator on some systems');
  if (uri.startsWith('/')) return refused('is an absolute path');
  if (uri.startsWith('~')) return refused('starts with ~, which some programs take for a home folder');
  // A literal % is fine in a file's name; an encoded dot or separator only serves to hide where the path leads.
  if (/%(?:2e|2f|5c|00|25)/i.test(uri)) return refused('hides a dot, a separator or a percent sign by URL encoding');
  const path = posix.normalize(posix.join(folder, uri));
  if (path === '..' || path.startsWith('../')) return refused('leaves the repository');
  if (path === '.' || path.endsWith('/')) return refused('is a folder');
  if (path === '.git' || path.startsWith('.git/')) return refused('lies in .git');
  return { kind: 'path', path };
}

function httpsOf(uri: string): ReferenceUri {
  const url = URL.parse(uri);
  if (url === null || !/^https:\/\/[^/\\]/i.test(uri)) return refused('is no https address');
  if (url.username !== '' || url.password !== '') return refused('holds credentials');
  if (url.pathname === '/' || url.pathname.endsWith('/')) return refused('names no file');
  return { kind: 'https', url: url.href, host: url.hostname.replace(/\.$/, ''), port: url.port };
}

function s3Of(uri: string): ReferenceUri {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/i.exec(uri) ?? [];
  if (bucket === undefined || key === undefined) return refused('is no s3 address; it looks like s3://bucket/key');
  if (key.split('/').some((segment) => segment === '..' || segment === '.')) return refused('holds . or .. in its key');
  return { kind: 's3', bucket: bucket.toLowerCase(), key };
}

function releaseOf(uri: string): ReferenceUri {
  const [, owner, repository, tag, file] =
    /^release:\/\/([A-Za-z0-9-]+)\/([A-Za-z0-9._-]+)\/([^/]+)\/([^/]+)$/i.exec(uri) ?? [];
  if (owner === undefined || repository === undefined || tag === undefined || file === undefined) {
    return refused('is no release; it looks like release://owner/repository/tag/file');
  }
  return { kind: 'release', owner, repository, tag, file };
}

/** One file that a manifest names. */
export interface ManifestReference {
  /** JSON pointer of the uri. */
  readonly pointer: string;
  readonly uri: string;
  /** Goldens are named without a digest. */
  readonly sha256?: string;
  readonly role: 'model' | 'weights' | 'features' | 'evaluation' | 'goldens' | 'reference' | 'lockfile' | 'training';
  /** Whether Slipway reads it. Training data are only recorded; a lockfile may lie in the training repository. */
  readonly isRead: boolean;
}

/** Every file that a manifest names, in the order of the format. */
export function referencesOf(manifest: Manifest): readonly ManifestReference[] {
  const { artifact, features, evaluation, drift, reproducibility } = manifest;
  const { training } = reproducibility;
  const trained = '/reproducibility/training';
  return [
    { pointer: '/artifact/uri', ...own(artifact), role: 'model', isRead: true },
    ...artifact.files.map((file, index) => ({
      pointer: `/artifact/files/${index}/uri`,
      ...own(file),
      role: 'weights' as const,
      isRead: true,
    })),
    ...(features === undefined
      ? []
      : [{ pointer: '/features/uri', ...own(features), role: 'features' as const, isRead: true }]),
    { pointer: '/evaluation/data/uri', ...own(evaluation.data), role: 'evaluation', isRead: true },
    ...(evaluation.goldens === undefined
      ? []
      : [{ pointer: '/evaluation/goldens', uri: evaluation.goldens, role: 'goldens' as const, isRead: true }]),
    ...(drift.reference === undefined
      ? []
      : [{ pointer: '/drift/reference/uri', ...own(drift.reference), role: 'reference' as const, isRead: true }]),
    ...(training?.lockfile === undefined
      ? []
      : [
          {
            pointer: `${trained}/lockfile/uri`,
            ...own(training.lockfile),
            role: 'lockfile' as const,
            isRead: training.repository === undefined,
          },
        ]),
    ...(training?.data ?? []).map((data, index) => ({
      pointer: `${trained}/data/${index}/uri`,
      ...own(data),
      role: 'training' as const,
      isRead: false,
    })),
  ];
}

function own({ uri, sha256 }: { readonly uri: string; readonly sha256: string }) {
  return { uri, sha256 };
}
