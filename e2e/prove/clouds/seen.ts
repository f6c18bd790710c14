/**
 * The clouds as the prover sees them: asked with the official SDKs, not through our providers. One file a cloud.
 */

/** One ingress rule, one source, in any cloud's API. */
export interface SeenRule {
  /** The cloud's region, which no two clusters of the demo share. */
  where: string;
  group: string;
  protocol: string;
  ports: string;
  source: string;
}
