import { expect, test } from 'vitest';
import { wayFor } from './node-resolver.ts';
import { isOurs, renderResolvConf, upstreamsOf, withoutOurs } from './resolv-conf.ts';

const OWN = '127.0.80.53';
const original =
  '# made by dhcp\nsearch lab.test\nnameserver 10.0.0.2\nnameserver 2001:db8::1\noptions ndots:2\n\nnameserver 10.0.0.3\n';

test('keeps everything but the nameservers, of which ours comes first', () => {
  const ours = renderResolvConf(original, OWN, '/saved');
  expect(ours).toBe(
    '# Written by skein-agent, which keeps the original in /saved.\n' +
      '# made by dhcp\nsearch lab.test\noptions ndots:2\n' +
      'nameserver 127.0.80.53\nnameserver 10.0.0.2\nnameserver 2001:db8::1\n',
  );
  expect(isOurs(ours)).toBe(true);
  expect(isOurs(original)).toBe(false);
  expect(renderResolvConf(withoutOurs(ours, OWN), OWN, '/saved')).toBe(ours);
});

test('asks the original nameservers it can ask, never itself', () => {
  // systemd-resolved's list names the overlay address too, which is the agent again.
  const listed = `nameserver 100.64.0.7\n${original}nameserver ${OWN}\n`;
  expect(upstreamsOf(listed, [OWN, '100.64.0.7'])).toEqual(['10.0.0.2', '10.0.0.3']);
});

test('splits only where systemd-resolved answers', () => {
  const stub = 'nameserver 127.0.0.53\noptions edns0\n';
  expect(wayFor(stub, '../run/systemd/resolve/stub-resolv.conf', true)).toBe('split');
  expect(wayFor(stub, null, true)).toBe('split');
  expect(wayFor(stub, null, false)).toBe('rewrite');
  expect(wayFor(original, null, true)).toBe('rewrite');
});
