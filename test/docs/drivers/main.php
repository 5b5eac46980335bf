<?php

// Each line of the input is a case, each line of the output what the verifier says of it.
require __DIR__ . '/../../../src/docs/verifiers/verify.php';

while (($line = fgets(STDIN)) !== false) {
    $case = json_decode($line, true);
    echo verify($case['secret'], $case['header'], base64_decode($case['body'])) ? "true\n" : "false\n";
}
