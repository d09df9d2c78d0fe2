const http = require("node:http");

const server = http.createServer((request, response) => {
  const known = request.url === "/" || request.url === "/readyz";
  response.writeHead(known ? 200 : 404, { "Content-Type": "text/plain" });
  response.end(known ? "hello\n" : "nothing here\n");
});

server.listen(3000, "0.0.0.0", () => console.log("listening on 3000"));

process.on("SIGTERM", () => {
  console.log("closing");
  server.close(() => process.exit(0));
});
