/** The OpenAPI 3.1 document: routes describe themselves, this adds what holds for all. */
import type { ApiHono } from './dependencies.ts';

const ABOUT = `Skein joins clouds into one peer-to-peer network.

Sign in with the dashboard's session cookie, or send an API token: \`Authorization: Bearer skn_…\`.
Refusals are problem documents (RFC 9457) with a stable \`code\`. Lists are pages: pass \`next\` as \`cursor\`.
What takes long answers 202 with an operation: follow it at \`/operations/{id}\` or its event stream.`;

export function documentOf(app: ApiHono) {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Skein', version: '1', description: ABOUT },
    servers: [{ url: '/api/v1' }],
    tags: [
      { name: 'Networks', description: 'Overlay networks: plan, make, watch, delete' },
      { name: 'Clusters', description: 'Nodes in one cloud region' },
      { name: 'Peers', description: 'Agents on nodes' },
      { name: 'Ranges', description: 'What is behind clusters and runs no agent' },
      { name: 'Services', description: 'What answers across clusters, and from where' },
      { name: 'Policy', description: 'Who may begin what with whom' },
      { name: 'Join tokens', description: 'Let nodes of your own join a cluster' },
      { name: 'Cloud accounts', description: 'Credentials for the clouds' },
      { name: 'Drift', description: 'What clouds hold otherwise than they should' },
      { name: 'Operations', description: 'Asynchronous work and its steps' },
      { name: 'API tokens', description: 'For programs' },
      { name: 'Audit', description: 'Who did what' },
      { name: 'Service', description: 'The service itself' },
    ],
  });
}

/** Ways to authenticate; routes name them. */
export function describeSecurity(app: ApiHono): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'skn_…',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: 'skein.session_token',
  });
}
