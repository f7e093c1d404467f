def write_card(*args):
    print("later")
