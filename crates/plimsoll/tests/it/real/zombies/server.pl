#!/usr/bin/perl
# One child for each job, and nobody asks how it ended.
use strict;
use warnings;
use IO::Socket::INET;

$SIG{TERM} = sub { exit 0 };

for my $job (1 .. 3) {
    my $child = fork // die "fork: $!";
    exit 0 if $child == 0;
}

my $server = IO::Socket::INET->new(LocalAddr => '0.0.0.0', LocalPort => 7000, Listen => 16, ReuseAddr => 1)
    or die "listen: $!";
while (1) {
    my $client = $server->accept or next;
    my $child = fork // die "fork: $!";
    if ($child == 0) {
        $SIG{TERM} = 'DEFAULT';
        print $client "hello from one of many\n";
        exit 0;
    }
    close $client;
}
