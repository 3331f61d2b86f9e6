// The description of the API, to be read and tried with the session of this page.
window.ui = SwaggerUIBundle({ url: "/openapi.json", dom_id: "#api", validatorUrl: null, docExpansion: "none", deepLinking: true });
