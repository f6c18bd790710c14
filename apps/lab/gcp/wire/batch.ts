/** Google's batch endpoint: several requests in one `multipart/mixed`, as `gcloud` sends for several resources. */
import { STATUS_CODES } from 'node:http';
import type { Hono } from 'hono';
import { badPayload } from './shape.ts';

const MOST_PARTS = 1000;

/** Serves `POST /batch/{api}/{version}` by handing each part to the app. */
export function serveBatch(app: Hono): void {
  app.post('/batch/:api/:version', async (context) => {
    const boundary = /boundary="?([^";]+)"?/.exec(context.req.header('content-type') ?? '')?.[1];
    const parts = boundary === undefined ? [] : partsOf(await context.req.text(), boundary);
    if (parts.length === 0 || parts.length > MOST_PARTS)
      return context.json(badPayload(`A batch has 1 to ${MOST_PARTS} parts.`, null).toJSON(), 400);
    const authorization = context.req.header('authorization');
    const answers: string[] = [];
    // One after the other: changes of one batch see each other in the order they were sent.
    for (const part of parts) {
      const headers = new Headers(part.headers);
      if (authorization !== undefined && !headers.has('authorization'))
        headers.set('authorization', authorization);
      const url = new URL(part.target, context.req.url);
      const request = new Request(new URL(url.pathname + url.search, context.req.url), {
        method: part.method,
        headers,
        ...(part.body === '' || part.method === 'GET' ? {} : { body: part.body }),
      });
      // Parts share the batch's connection: a fault that cuts one cuts all.
      const response = await app.fetch(request, context.env);
      answers.push(
        [
          `--${ANSWER_BOUNDARY}`,
          'Content-Type: application/http',
          ...(part.id === null
            ? []
            : [`Content-ID: ${part.id.replace(/^<?/, '<response-').replace(/>?$/, '>')}`]),
          '',
          `HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ''}`,
          `Content-Type: ${response.headers.get('content-type') ?? 'application/json'}`,
          '',
          await response.text(),
        ].join('\r\n'),
      );
    }
    return context.body(`${answers.join('\r\n')}\r\n--${ANSWER_BOUNDARY}--\r\n`, 200, {
      'content-type': `multipart/mixed; boundary=${ANSWER_BOUNDARY}`,
    });
  });
}

const ANSWER_BOUNDARY = 'batch_lab_answer';

interface Part {
  id: string | null;
  method: string;
  target: string;
  headers: [string, string][];
  body: string;
}

function partsOf(text: string, boundary: string): Part[] {
  return text
    .replaceAll('\r\n', '\n')
    .split(`--${boundary}`)
    .slice(1)
    .flatMap((each): Part[] => {
      // A part is a MIME head, an empty line, then a whole HTTP request.
      const [, head = '', request = ''] = /^\n?([\s\S]*?)\n\n([\s\S]*)$/.exec(each) ?? [];
      const [, line = '', rest = ''] = /^([^\n]*)\n?([\s\S]*)$/.exec(request) ?? [];
      const [method, target] = line.split(' ');
      if (!method || !target) return [];
      const [headerText = '', ...body] = rest.split('\n\n');
      const headers = headerText.split('\n').flatMap((header): [string, string][] => {
        const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(header) ?? [];
        const own = name !== undefined && !['content-length', 'host'].includes(name.toLowerCase());
        return own ? [[name, value ?? '']] : [];
      });
      const id = /^content-id:\s*(.*)$/im.exec(head)?.[1] ?? null;
      return [{ id, method, target, headers, body: body.join('\n\n').trim() }];
    });
}
