#include <stdio.h>
#include <lz4.h>

int main(void)
{
    printf("Hello from cbuild, with lz4 %s\n", LZ4_versionString());
    return 0;
}
