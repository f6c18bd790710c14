/** The batch endpoint. */
import { expect, test } from 'vitest';
import { startGcp } from './fixture.ts';

test('a batch answers each part, in order and under its name', async () => {
  const gcp = await startGcp();
  const root = `/compute/v1/projects/${gcp.projectId}`;
  const part = (id: string, request: string[]) =>
    [
      '--cut',
      'Content-Type: application/http',
      'MIME-Version: 1.0',
      `Content-ID: <${id}>`,
      '',
      ...request,
    ].join('\r\n');
  const body = JSON.stringify({ name: 'net', autoCreateSubnetworks: false });
  const response = await fetch(`${gcp.url}/batch/compute/v1`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await gcp.token()}`,
      'content-type': 'multipart/mixed; boundary="cut"',
    },
    body: [
      part('a+1', [
        `POST ${root}/global/networks?alt=json HTTP/1.1`,
        'Content-Type: application/json',
        '',
        body,
      ]),
      part('a+2', [`GET ${root}/global/networks/none HTTP/1.1`, '', '']),
      '--cut--',
    ].join('\r\n'),
  });
  expect(response.headers.get('content-type')).toMatch(/^multipart\/mixed; boundary=/);
  const text = await response.text();
  expect(text.match(/^(HTTP|Content-ID).*(?=\r$)/gm)).toEqual([
    'Content-ID: <response-a+1>',
    'HTTP/1.1 200 OK',
    'Content-ID: <response-a+2>',
    'HTTP/1.1 404 Not Found',
  ]);
  expect(text).toContain('"operationType":"insert"');
  const empty = await fetch(`${gcp.url}/batch/compute/v1`, { method: 'POST', body: 'x' });
  expect(empty.status).toBe(400);
  await gcp.stop();
});
