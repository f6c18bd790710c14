/** Who Skein itself is, towards clouds that trust it instead of holding out a key. */
export interface OwnIdentity {
  /** For whom an account is opened: the ExternalId at AWS, the subject of tokens elsewhere. */
  organizationId: string;
  /** Skein's own keys at AWS, by which roles are assumed; null where there are none. */
  aws: { accessKeyId: string; secretAccessKey: string } | null;
  /**
   * A token (JWT, RS256, some minutes) that names the organization as `organization:<id>`, for `audience`. Its issuer
   * publishes the key at `/.well-known/jwks.json`.
   */
  token(audience: string): Promise<string>;
}
