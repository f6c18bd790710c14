/** The API's own description, rendered from its OpenAPI document. */
import type { Metadata } from 'next';
import { load } from '../../../server/load.ts';
import { Mono, PageHeader } from '../../../ui/page.tsx';
import { OpenApiDocument, operationsByTag } from './document.ts';
import { Endpoint } from './endpoint.tsx';

export const metadata: Metadata = { title: 'API reference' };

export default async function ApiReference() {
  const document = await load('/openapi.json', OpenApiDocument);
  const groups = operationsByTag(document);
  return (
    <>
      <PageHeader
        title="API reference"
        lead={
          <>
            Everything that this dashboard does, programs can do too. The document itself is at{' '}
            <a href="/api/v1/openapi.json" className="text-accent underline underline-offset-4">
              /api/v1/openapi.json
            </a>
            .
          </>
        }
      />
      <div className="gap-10 xl:grid xl:grid-cols-[minmax(0,1fr)_12rem]">
        <div className="min-w-0">
          <section className="mb-9 space-y-2 rounded-lg border border-line bg-raised p-5 text-quiet">
            {document.info.description.split('\n\n').map((paragraph) => (
              <p key={paragraph}>
                {paragraph.split('`').map((part, at) =>
                  at % 2 === 1 ? (
                    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a fixed text
                    <Mono key={at}>{part}</Mono>
                  ) : (
                    part
                  ),
                )}
              </p>
            ))}
          </section>
          {groups.map(({ tag, about, operations }) => (
            <section key={tag} id={slug(tag)} className="mb-9 scroll-mt-16">
              <h2 className="text-lg font-semibold tracking-tight">{tag}</h2>
              <p className="mb-3 text-sm text-quiet">{about}</p>
              <div className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-raised">
                {operations.map((operation) => (
                  <Endpoint key={operation.operationId} operation={operation} document={document} />
                ))}
              </div>
            </section>
          ))}
        </div>
        <nav aria-label="Parts of the API" className="sticky top-10 hidden self-start xl:block">
          <ul className="space-y-1 border-l border-line pl-4 text-sm">
            {groups.map(({ tag }) => (
              <li key={tag}>
                <a href={`#${slug(tag)}`} className="text-quiet hover:text-ink hover:underline">
                  {tag}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      </div>
    </>
  );
}

const slug = (tag: string) => tag.toLowerCase().replaceAll(' ', '-');
