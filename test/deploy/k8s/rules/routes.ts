import { ofKind, type Resource } from '../resources.js';

interface IngressSpec {
  readonly rules: readonly {
    readonly http: {
      readonly paths: readonly {
        readonly path: string;
        readonly backend: { readonly service: { readonly name: string } };
      }[];
    };
  }[];
}
interface RouteSpec {
  readonly rules: readonly {
    readonly matches: readonly { readonly path: { readonly value: string } }[];
    readonly backendRefs: readonly { readonly name: string }[];
  }[];
}

/** Which Service gets a path: the one of the longest prefix, compared by whole parts of a path, in both kinds of routes. */
export function routesOf(resources: readonly Resource[]): (path: string) => string | undefined {
  const ingresses = ofKind<IngressSpec>(resources, 'Ingress').flatMap(({ spec }) =>
    spec.rules.flatMap(({ http }) =>
      http.paths.map(({ path, backend }) => ({ prefix: path, service: backend.service.name })),
    ),
  );
  const routes = ofKind<RouteSpec>(resources, 'HTTPRoute').flatMap(({ spec }) =>
    spec.rules.flatMap(({ matches, backendRefs }) =>
      matches.map(({ path }) => ({ prefix: path.value, service: backendRefs[0]?.name })),
    ),
  );
  const longestFirst = [...ingresses, ...routes].sort((a, b) => b.prefix.length - a.prefix.length);
  return (path) =>
    longestFirst.find(({ prefix }) => prefix === '/' || path === prefix || path.startsWith(`${prefix}/`))
      ?.service;
}
