// Shows the OpenAPI document of the host that served this page. Requests tried out here go to that host as well, with
// the cookie that signing in sets.
window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#document',
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  // Disables the online validator; a test validates the document.
  validatorUrl: 'none',
  // A query of this page must not choose another document.
  queryConfigEnabled: false,
});
