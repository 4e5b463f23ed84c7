/* server ADDRESS PORT TEXT: answers every HTTP request over IPv6 with TEXT. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6};
	int one = 1, listener = socket(AF_INET6, SOCK_STREAM, 0);
	if (argc != 4 || inet_pton(AF_INET6, argv[1], &address.sin6_addr) != 1)
		return 2;
	address.sin6_port = htons(atoi(argv[2]));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	/* The address may still be tentative (duplicate address detection). */
	while (bind(listener, (struct sockaddr *)&address, sizeof address) != 0)
		usleep(10000);
	if (listen(listener, 16) != 0)
		return 1;
	for (;;) {
		char request[1024];
		int to = accept(listener, NULL, NULL);
		if (to >= 0 && read(to, request, sizeof request) > 0)
			dprintf(to, "HTTP/1.0 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(argv[3]), argv[3]);
		close(to);
	}
}
