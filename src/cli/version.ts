declare const MUSTER_VERSION: string | undefined;

/** The version of package.json, put in by the build; `dev` where the source runs without one. */
export const version: string = typeof MUSTER_VERSION === 'string' ? MUSTER_VERSION : 'dev';
