import { NewService } from '@skein/contract/rest/service.ts';
import { expect, test } from 'vitest';
import { problemsOf, type ServiceText, serviceWish } from './service-wish.ts';

const form: ServiceText = {
  namespace: 'shop',
  name: ' search ',
  ports: '80:8080',
  labels: 'tier=search',
  check: '',
  path: '',
};
const wrong = (part: Partial<ServiceText>) =>
  problemsOf(
    (NewService.safeParse(serviceWish({ ...form, ...part })).error?.issues ?? []).map(
      ({ path, message }) => ({
        path: path.join('.'),
        message,
      }),
    ),
  );

test('ports and labels are read from their lines', () => {
  expect(NewService.parse(serviceWish(form))).toMatchObject({
    name: 'search',
    ports: [{ name: '', protocol: 'TCP', port: 80, targetPort: 8080 }],
    labels: { tier: 'search' },
    check: null,
  });
  const several = { ports: 'http=80:8080, dns=53/udp', check: 'http' as const, path: '/ready' };
  expect(NewService.parse(serviceWish({ ...form, ...several }))).toMatchObject({
    ports: [
      { name: 'http', port: 80, targetPort: 8080 },
      { name: 'dns', protocol: 'UDP', port: 53 },
    ],
    check: { kind: 'http', path: '/ready' },
  });
});

test('what is wrong is said at its field', () => {
  expect(wrong({})).toEqual({});
  expect(wrong({ ports: '80, x' }).ports).toMatch(/^port/);
  expect(wrong({ ports: '80 81' }).ports).toContain('is needed with several ports');
  expect(wrong({ labels: '' }).labels).toBeDefined();
  expect(wrong({ check: 'http', path: 'ready' }).path).toBe('must begin with a slash');
});
