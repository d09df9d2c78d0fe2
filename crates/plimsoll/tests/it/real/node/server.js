const http = require("node:http");

const server = http.createServer((request, response) => {
  response.writeHead(200, { "Content-Type": "text/plain" });
  response.end("hello\n");
});

server.listen(Number(process.env.PORT), "0.0.0.0", () => {
  console.log(`listening on ${process.env.PORT}`);
});

process.on("SIGTERM", () => {
  console.log("closing");
  server.close(() => process.exit(0));
});
