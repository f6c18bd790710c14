/** One route of the API: folded to a line, unfolded to all of it. */
import { ChevronRight } from 'lucide-react';
import { Mono } from '../../../ui/page.tsx';
import { exampleOf, type OpenApiDocument, resolve, type Schema, type ShownOperation } from './document.ts';

const METHODS: Record<string, string> = {
  get: 'text-good',
  post: 'text-accent',
  put: 'text-warn',
  patch: 'text-warn',
  delete: 'text-bad',
};

export function Endpoint({ operation, document }: { operation: ShownOperation; document: OpenApiDocument }) {
  const { method, path, summary, description, parameters = [], requestBody, responses, security } = operation;
  const body = requestBody?.content['application/json']?.schema;
  const [status, success] = Object.entries(responses).find(([code]) => code.startsWith('2')) ?? [
    '',
    undefined,
  ];
  const [type, content] = Object.entries(success?.content ?? {})[0] ?? [];
  return (
    <details className="group">
      <summary className="flex list-none flex-wrap items-baseline gap-x-3 gap-y-0.5 px-4 py-3 hover:bg-sunken [&::-webkit-details-marker]:hidden">
        <ChevronRight
          size={14}
          className="self-center text-faint transition-transform group-open:rotate-90"
          aria-hidden
        />
        <span className={`w-14 font-mono text-sm font-semibold uppercase ${METHODS[method] ?? ''}`}>
          {method}
        </span>
        <span className="min-w-0 font-mono text-sm break-all">{path}</span>
        <span className="w-full pl-7 text-sm text-quiet sm:ml-auto sm:w-auto sm:pl-0">{summary}</span>
      </summary>
      <div className="space-y-4 border-t border-line px-4 py-4 text-sm sm:px-8">
        {description && <p className="max-w-[70ch] text-quiet">{description}</p>}
        {security?.length === 0 && <p className="text-quiet">Needs no sign-in.</p>}
        {parameters.length > 0 && (
          <dl className="space-y-1.5">
            {parameters.map((one) => (
              <div key={one.name} className="flex flex-wrap gap-x-3">
                <dt>
                  <Mono>{one.name}</Mono>{' '}
                  <span className="text-faint">
                    in {one.in}
                    {one.required ? '' : ', optional'}
                  </span>
                </dt>
                <dd className="text-quiet">{one.description ?? String(one.schema.description ?? '')}</dd>
              </div>
            ))}
          </dl>
        )}
        <div className="grid gap-4 lg:grid-cols-2">
          {body && <Sample title={`Body: ${nameOf(body, document)}`} schema={body} document={document} />}
          {content && type === 'application/json' ? (
            <Sample
              title={`${status}: ${nameOf(content.schema, document)}`}
              schema={content.schema}
              document={document}
            />
          ) : (
            <p className="text-quiet">
              {status}:{' '}
              {type === 'text/event-stream' ? 'a stream of server-sent events' : success?.description}
            </p>
          )}
        </div>
        <p className="text-faint">
          Refuses with{' '}
          {Object.keys(responses)
            .filter((code) => /^[45]/.test(code))
            .join(', ') || 'a problem document'}
          .
        </p>
      </div>
    </details>
  );
}

const nameOf = (schema: Schema, document: OpenApiDocument) => resolve(schema, document).name ?? 'JSON';

function Sample({ title, schema, document }: { title: string; schema: Schema; document: OpenApiDocument }) {
  return (
    <figure className="min-w-0">
      <figcaption className="mb-1 text-faint">{title}</figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre tabIndex={0} className="max-h-80 overflow-auto rounded-md bg-sunken p-3 font-mono text-xs">
        {JSON.stringify(exampleOf(schema, document), null, 2)}
      </pre>
    </figure>
  );
}
