// Shows the document of the host that served this page. Requests that are tried out go there, too, with the cookie that
// signing in sets.
window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#document',
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  // Nobody else is asked whether the document is valid: a test says so.
  validatorUrl: 'none',
  // A query of this page must not choose another document.
  queryConfigEnabled: false,
});
