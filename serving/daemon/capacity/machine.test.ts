import { describe, expect, it } from 'vitest';
import { machineWith } from './machine.ts';

const GB = 2 ** 30;
const whole = { cores: 8, memoryBytes: 16 * GB };

const machine = (files: Readonly<Record<string, string>>) => machineWith((path) => files[path], whole);

describe('what a process may use of its machine', () => {
  it('is all of it where no control group limits it', () => {
    expect(machine({})).toEqual(whole);
    expect(
      machine({
        '/proc/self/cgroup': '0::/\n',
        '/sys/fs/cgroup/cpu.max': 'max 100000\n',
        '/sys/fs/cgroup/memory.max': 'max\n',
      }),
    ).toEqual(whole);
  });

  it('is the least of what its group and those around it have, in version 2', () => {
    expect(
      machine({
        '/proc/self/cgroup': '0::/pod/app\n',
        '/sys/fs/cgroup/pod/app/cpu.max': '400000 100000\n',
        '/sys/fs/cgroup/pod/cpu.max': '250000 100000\n',
        '/sys/fs/cgroup/pod/app/memory.max': `${2 * GB}\n`,
      }),
    ).toEqual({ cores: 2, memoryBytes: 2 * GB });
  });

  it('is read from the quota and the limit of version 1, in the group or, in a container, at its root', () => {
    expect(
      machine({
        '/proc/self/cgroup': '4:memory:/a\n2:cpu,cpuacct:/a\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '150000\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
        '/sys/fs/cgroup/memory/a/memory.limit_in_bytes': `${GB}\n`,
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      }),
    ).toEqual({ cores: 1, memoryBytes: GB });
  });

  it('is one core at least, and an unlimited quota of version 1 is none', () => {
    const files = (quota: string) => ({
      '/proc/self/cgroup': '1:cpu:/\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': quota,
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
    });
    expect(machine(files('20000')).cores).toBe(1);
    expect(machine(files('-1')).cores).toBe(8);
  });
});
