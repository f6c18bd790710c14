import { expect, test } from 'vitest';
import { explainRefusal, type SealFacts } from './refusal.ts';

const good: SealFacts = {
  platform: 'linux',
  root: false,
  missing: [],
  failure: null,
  switches: {},
  tunnels: true,
};

test('a machine that can hold the place has nothing to explain', () => {
  expect(explainRefusal(good)).toBeNull();
  expect(explainRefusal({ ...good, root: true })).toBeNull();
});

test.each([
  ['not Linux', { platform: 'darwin' }, 'The lab needs Linux (this is darwin)'],
  ['no tool', { missing: ['ip', 'nft'] }, 'sudo apt-get install iproute2 nftables'],
  ['Debian switch', { failure: 'x', switches: { 'kernel.unprivileged_userns_clone': '0' } }, 'sudo sysctl -w kernel.unprivileged_userns_clone=1 '],
  ['Ubuntu switch', { failure: 'x', switches: { 'kernel.apparmor_restrict_unprivileged_userns': '1' } }, 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 '],
  ['two switches', { failure: 'x', switches: { 'user.max_user_namespaces': '0', 'kernel.unprivileged_userns_clone': '0' } }, 'sudo sysctl -w kernel.unprivileged_userns_clone=1 && sudo sysctl -w user.max_user_namespaces=15000'],
  ['unknown cause', { failure: 'unshare: Operation not permitted' }, '(unshare: Operation not permitted). Run it as root'],
  ['weak root', { root: true, failure: 'unshare: Operation not permitted' }, '--privileged'],
  ['no tunnel device', { tunnels: false }, 'sudo chmod 0666 /dev/net/tun'],
] as const)('%s', (_name, facts, words) => {
  const said = explainRefusal({ ...good, ...facts } as SealFacts);
  expect(said?.split('\n')).toHaveLength(1);
  expect(said).toContain(words.trim());
}); // biome-ignore format: a table
