module skein.dev/e2e/programs

go 1.24.0
