export type Message = { readonly kind: string };
