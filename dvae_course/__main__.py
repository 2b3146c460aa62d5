"""`python -m dvae_course`: the same commands as `dvae`, for where no script is installed."""

from dvae_course.cli import main

if __name__ == "__main__":
    main()
