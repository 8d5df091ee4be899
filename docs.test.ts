import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands as cliCommands } from './app/cli/commands.ts';
import { commands as chatCommands } from './app/commands/index.ts';
import { configOf } from './app/config.ts';
import { checks } from './checks/index.ts';
import { defaultMetrics, metricFacts } from './checks/manifest/metric-defaults.ts';
import { defaultPolicy } from './checks/manifest/parse-policy.ts';
import { METRICS } from './serving/daemon/exposition.ts';

/** What documents say in tables is compared with the lists that they are about: a document that is wrong is worse than none. */
const root = import.meta.dirname;
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Cells of every table row below a heading (`## Options`); of the whole document without one. */
function rowsOf(path: string, heading?: string): readonly (readonly string[])[] {
  const text = read(path);
  const start = heading === undefined ? 0 : text.indexOf(`\n${heading}\n`);
  if (start === -1) throw new Error(`${path} has no heading ${heading}`);
  const after = text.slice(start + 1);
  const end = heading === undefined ? -1 : after.slice(heading.length).search(/\n## /);
  const section = end === -1 ? after : after.slice(0, heading === undefined ? end : heading.length + end);
  return section
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[\s|:-]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

const codesIn = (text: string): readonly string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
const unique = (names: readonly string[]): readonly string[] => [...new Set(names)].toSorted();

describe('docs/on-call.md', () => {
  const said = rowsOf('docs/on-call.md').flatMap(([, comment = '', needs = '']) =>
    codesIn(comment).flatMap((code) =>
      code.startsWith('/') ? [{ name: code.slice(1).split(' ')[0] ?? '', needs }] : [],
    ),
  );

  test('lists every chat command, and no other', () => {
    expect(unique(said.map(({ name }) => name))).toEqual(unique(chatCommands.map(({ name }) => name)));
  });

  test('says who may by default', () => {
    for (const { name, needs } of said)
      expect([name, needs.split(',')[0]]).toEqual([name, defaultPolicy.permissions[name]]);
  });
});

describe('docs/command-line.md', () => {
  test('lists every command of the command line in its order', () => {
    const listed = rowsOf('docs/command-line.md').flatMap(([cell = '']) => /^`([a-z]+) [^`]*`/.exec(cell)?.[1] ?? []);
    expect(listed).toEqual(cliCommands.map(({ name }) => name));
  });

  test('lists exactly the options that --help tells of', async () => {
    let named: readonly string[] = [];
    const documented = new Map<string, string[]>();
    for (const [command = '', option = ''] of rowsOf('docs/command-line.md', '## Options')) {
      if (codesIn(command).length > 0) named = codesIn(command);
      for (const name of named)
        documented.set(name, [
          ...(documented.get(name) ?? []),
          ...[...option.matchAll(/--[a-z-]+/g)].map(([flag]) => flag),
        ]);
    }
    for (const entry of cliCommands) {
      const { usage } = await entry.load();
      // What stands in quotes is an example of another call.
      const told = [...usage.replaceAll(/"[^"]*"/g, '').matchAll(/--[a-z-]+/g)].map(([flag]) => flag);
      // `--against` is named again where another option's default is told.
      expect([entry.name, unique(documented.get(entry.name) ?? [])]).toEqual([entry.name, unique(told)]);
    }
  });
});

describe('docs/configuration.md', () => {
  test('lists exactly the variables that the App reads', () => {
    const asked: string[] = [];
    const environment = new Proxy<Record<string, string | undefined>>(
      {},
      {
        get(_, name) {
          asked.push(String(name));
          return undefined;
        },
      },
    );
    expect(() => configOf(environment)).toThrow('APP_ID');
    const listed = rowsOf('docs/configuration.md', '## The App (`app/main.ts`)')
      .flatMap(([cell = '']) => codesIn(cell))
      // Of evidence, not of the App: its name depends on the host.
      .filter((name) => name !== 'SLIPWAY_ARTIFACT_TOKEN_HOST');
    expect(unique(listed)).toEqual(unique(asked));
  });

  test('names every variable and option of the fleet', () => {
    const text = read('docs/configuration.md');
    const variables = [...read('serving/config.ts').matchAll(/given\('([A-Z_]+)'\)/g)].map(([, name = '']) => name);
    expect(variables.length).toBeGreaterThan(0);
    for (const name of variables) expect(text).toContain(`\`${name}\``);
    const [, options = ''] = /options: \{\n([\s\S]*?)\n {2}\},/.exec(read('serving/fleet-options.ts')) ?? [];
    const flags = [...options.matchAll(/^\s+'?([a-z-]+)'?: \{/gm)].map(([, name = '']) => `--${name}`);
    const listed = rowsOf('docs/configuration.md', '## The fleet (`serving/main.ts`)').flatMap(([cell = '']) =>
      codesIn(cell),
    );
    expect(unique(listed)).toEqual(unique(flags));
  });

  test('lists exactly the variables that say where the bus is', () => {
    const found = [
      ...read('serving/messaging/messaging-settings.ts').matchAll(/(?:given|count|isOn)\('(NATS_[A-Z_]+)'/g),
    ];
    const listed = rowsOf('docs/configuration.md', '## NATS').flatMap(([cell = '']) => codesIn(cell));
    expect(unique(listed)).toEqual(unique(found.map(([, name = '']) => name)));
  });
});

describe('docs/checks.md', () => {
  test('lists every check, with a section for each', () => {
    const names = checks.map(({ name }) => name);
    const listed = rowsOf('docs/checks.md').flatMap(([cell = '']) => /^\[`([a-z]+)`\]/.exec(cell)?.[1] ?? []);
    expect(unique(listed)).toEqual(unique(names));
    for (const name of names) expect(read('docs/checks.md')).toContain(`\n## ${name}\n`);
  });

  test('says the default margin of every metric, and what it is the default for', () => {
    const rows = rowsOf('docs/checks.md', '## baseline');
    for (const [name, { margin }] of Object.entries(metricFacts)) {
      const row = rows.find(([cell = '']) => codesIn(cell).includes(name));
      const said =
        margin.kind === 'absolute' ? String(margin.value) : `${margin.value * 100} % of the baseline's value`;
      expect([name, row?.[1]]).toEqual([name, said]);
      const tasks = Object.entries(defaultMetrics).flatMap(([task, metrics]) =>
        metrics.some((each) => each === name) ? [task] : [],
      );
      expect([name, tasks.filter((task) => row?.[2]?.includes(task) !== true)]).toEqual([name, []]);
    }
  });
});

describe('docs/serving.md', () => {
  test('lists exactly the metrics that a fleet exposes', () => {
    const exposed = METRICS.map(({ name }) => name);
    const listed = rowsOf('docs/serving.md', '## Metrics').flatMap(([cell = '']) => codesIn(cell));
    expect(unique(listed)).toEqual(unique(exposed));
  });

  test('goes with a Grafana dashboard that asks for metrics and labels that are there', () => {
    const dashboard = read('docs/grafana-dashboard.json');
    const { panels } = JSON.parse(dashboard) as { panels: { targets: { expr: string }[] }[] };
    const exprs = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const asked = exprs.join(' ').match(/\b(?:nv_inference|slipway|process)_[a-z_]+/g) ?? [];
    const exposed = METRICS.flatMap(({ name, type }) =>
      type === 'histogram' || type === 'summary' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    );
    expect(asked.length).toBeGreaterThan(panels.length);
    expect(asked.filter((name) => !exposed.includes(name))).toEqual([]);
    const labels = [...exprs.join(' ').matchAll(/by \(([^)]*)\)|\{([a-z]+)=/g)].flatMap(([, by = '', one = '']) =>
      `${by},${one}`.split(',').flatMap((label) => (label.trim() === '' ? [] : [label.trim()])),
    );
    const known = ['model', 'version', 'revision', 'le', 'role', 'state', 'replica', 'quantile'];
    expect(labels.filter((label) => !known.includes(label))).toEqual([]);
  });

  test('lists every path of the admin API', () => {
    const text = rowsOf('docs/serving.md', '## The admin API').map(([cell = '']) =>
      cell.replaceAll(/\{[a-z0-9]+\}/g, 'X'),
    );
    const routes = [...read('serving/daemon/admin.ts').matchAll(/\['([A-Z]+)', \/\^(.*)\$\/, /g)];
    expect(routes.length).toBeGreaterThan(0);
    for (const [, method = '', pattern = ''] of routes) {
      const path = pattern.replaceAll('\\/', '/').replaceAll(/\([^)]*\)/g, 'X');
      const found = text.some((cell) => cell.includes(method) && new RegExp(`${path}([^/\\w]|$)`).test(cell));
      expect([method, path, found]).toEqual([method, path, true]);
    }
  });
});

describe('links', () => {
  const documents = [
    ...readdirSync(root).filter((name) => name.endsWith('.md')),
    ...['docs', 'docs/adr', 'fixtures', 'fixtures/github', '.github'].flatMap((folder) =>
      existsSync(join(root, folder))
        ? readdirSync(join(root, folder)).flatMap((name) => (name.endsWith('.md') ? [`${folder}/${name}`] : []))
        : [],
    ),
  ];

  /** As GitHub names a heading. */
  const anchorsOf = (path: string): readonly string[] =>
    [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    );

  test.each(documents)('of %s lead to files and headings that are there', (path) => {
    const prose = read(path).replaceAll(/```[\s\S]*?```/g, '');
    const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) =>
      /^[a-z]+:/.test(link) ? [] : [link],
    );
    const broken = links.filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : relative(root, join(root, dirname(path), file));
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('of ARCHITECTURE.md to functions lead to the file that has them', () => {
    const sources = ['app', 'checks', 'serving'].flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((file) => `${room}/${file}`),
    );
    const named = [...read('ARCHITECTURE.md').matchAll(/`([\w./-]+\.ts): (\w+)`/g)];
    expect(named.length).toBeGreaterThan(0);
    const wrong = named.filter(([, file = '', name = '']) => {
      const found = sources.filter((source) => source === file || source.endsWith(`/${file}`));
      return !found.some((source) => new RegExp(`\\b${name}\\b`).test(read(source)));
    });
    expect(wrong.map(([text]) => text)).toEqual([]);
  });

  test('of code in ARCHITECTURE.md: every file and folder that it names is there', () => {
    const text = read('ARCHITECTURE.md');
    const named = codesIn(text.replaceAll(/```[\s\S]*?```/g, '')).flatMap((code) => {
      const [path = ''] = code.split(':');
      return /^(?:app|checks|serving|fixtures)\/[\w./-]+$/.test(path) ? [path] : [];
    });
    expect(named.length).toBeGreaterThan(0);
    expect(unique(named).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
